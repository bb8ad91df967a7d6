"""How far a face stands out of a depth map: geometry on arrays of millimetres, nothing decoded here."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adapters.vision.scratch import Scratch
from domain.biometrics import DepthFindings
from domain.errors import DepthError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FOCAL_SHARE = 0.95
"""Focal length as a share of the longer side of the map (a pinhole in its middle, 55.5 degrees along that side): maps
come without calibration. Public capture scripts state 54.2 degrees (0.977) for an iPad's TrueDepth camera; others
differ by some per cent. Only ``eye_distance_mm`` depends on it much: planes stay planes under any focal length, and
what is a share of the eye distance changes as little as the shape of a face seen from a little nearer."""

LEAST_EYE_PIXELS = 8.0
"""With fewer pixels of the map between the eyes nothing of a nose can be measured."""

GRID_REACH, STEP = 1.0, 0.025
FACE_REACH = 0.8
"""The map is read on a grid laid through eyes and mouth corners: 1 along the first axis is the distance between the
eyes, 1 along the second that from the eyes to the mouth. What is looked at lies within an ellipse: inside the outline
of a face (temples at 1.16, chin at 1.1 in insightface's meanshape_68), below the hair and above the chin."""

NOSE_DISC, PLACE_DISC, RIDGE_DISC = 0.12, 0.12, 0.08
CORNER_DISCS = 0.12, 0.2
"""Pupils shine and outlines throw shadows: where the small disc is a hole the wider one is asked."""

CHEEK_ASIDE = 0.6
RIDGE_ASIDE = -0.16, -0.08, 0.0, 0.08, 0.16
TIP_PERCENTILE, CORNER_PERCENTILE = 80.0, 30.0
"""The nose tip is the highest of its surroundings, and noise must not raise it. A corner of a turned face lies beside
the wall behind: the nearer third of its surroundings is the face's."""

HEAD_MM = 120.0
"""What lies farther behind the nose tip is not the face but the wall beside it (in meanshape_68, 63 mm between the
eyes, the outline of the face lies 108 mm behind)."""

LEAST_MEASURED = 0.15
"""A disc with fewer of its points measured is not measured. Slopes have fewer points than what faces the camera."""

OUTLIER_DEVIATIONS = 3.0
MAD_TO_DEVIATION = 1.4826
"""A normal distribution's standard deviation over its median absolute deviation."""

_LINE = np.arange(-GRID_REACH, GRID_REACH + STEP / 2, STEP)
_GRID = np.stack(np.meshgrid(_LINE, _LINE), -1).reshape(-1, 2)
_ELLIPSE = np.linalg.norm(_GRID, axis=-1) <= FACE_REACH


def measure(depth: NDArray[np.float32], landmarks: NDArray[np.float32]) -> DepthFindings:
    """Return what a map says of the face at those landmarks.

    Args:
        depth: float32 (height, width), millimetres along the camera's axis, 0 or NaN where nothing was measured.
        landmarks: float32 (5, 2), the five points of ``Face`` in pixels of the map.

    Raises ``DepthError`` for a map that is not two-dimensional float32, that holds infinite or negative distances, or
    nothing but holes. A face that the map does not show is no error: its lengths are NaN.
    """
    check_map(depth)
    mark = zlib.crc32(np.ascontiguousarray(depth).data)
    frame = _Frame.through(landmarks)
    if frame is None:
        return DepthFindings(math.nan, math.nan, math.nan, 1.0, math.nan, math.nan, mark)
    with Scratch() as scratch:
        points = scratch.keep(_points(depth, frame))
        holes = 1.0 - float(np.isfinite(points[_ELLIPSE][:, 2]).mean())
        nose_at = _near(_GRID, frame.place(frame.landmarks[2]), NOSE_DISC)
        points[~(points[:, 2] <= _percentile(points[nose_at, 2], 50.0, NOSE_DISC) + HEAD_MM)] = np.nan
        corners = scratch.keep(_corners(points, frame, depth.shape))
        eyes_apart = float(np.linalg.norm(corners[1] - corners[0]))
        if not (np.isfinite(corners).all() and eyes_apart > 0):
            return DepthFindings(math.nan, math.nan, math.nan, holes, math.nan, math.nan, mark)
        upright = scratch.keep(_upright(points, corners) / eyes_apart)
        nose = upright[nose_at]
        tip = _percentile(nose[:, 2], TIP_PERCENTILE, NOSE_DISC)
        down = _percentile(nose[:, 1], 50.0, NOSE_DISC)
        cheek = _highest(upright, [-CHEEK_ASIDE, CHEEK_ASIDE], 0.0, PLACE_DISC)
        within = np.hypot(upright[..., 0], upright[..., 1]) <= FACE_REACH
        residual = _plane_residual(points[within & _ELLIPSE]) / eyes_apart
        line = _profile(upright, _upright(corners, corners) / eyes_apart, down)
    return DepthFindings(tip, tip - cheek, residual, holes, tip - line, eyes_apart, mark)


def check_map(depth: NDArray[np.float32]) -> None:
    """Raise ``DepthError`` unless this is float32 (height, width) that holds distances, none infinite or negative."""
    if depth.ndim != 2 or depth.dtype != np.float32 or depth.size == 0:  # noqa: PLR2004 - height and width
        raise DepthError("a depth map is one plane of float32 millimetres")
    # the extremes are enough to tell, and need no copy of the map; fmin and fmax pass over NaN
    lowest, highest = float(np.fmin.reduce(depth, axis=None)), float(np.fmax.reduce(depth, axis=None))
    if math.isinf(lowest) or math.isinf(highest) or lowest < 0:
        raise DepthError("the depth map holds infinite or negative distances")
    if math.isnan(highest) or highest == 0:
        raise DepthError("the depth map holds no distance at all")


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """Coordinates of the face: ``middle`` between eyes and mouth, ``axes`` (2, 2) eye to eye and eyes to mouth."""

    landmarks: Floats
    middle: Floats
    axes: Floats

    @classmethod
    def through(cls, landmarks: NDArray[np.float32]) -> _Frame | None:
        """Return the frame, None where the landmarks span no face that can be measured."""
        five = np.asarray(landmarks, np.float64)
        if five.shape != (5, 2) or not np.isfinite(five).all():
            return None
        eyes, mouth = (five[0] + five[1]) / 2, (five[3] + five[4]) / 2
        axes = np.stack([five[1] - five[0], mouth - eyes])
        lengths = np.linalg.norm(axes, axis=1)
        upright = abs(np.linalg.det(axes)) >= 0.5 * lengths.prod()
        return cls(five, (eyes + mouth) / 2, axes) if lengths.min() >= LEAST_EYE_PIXELS and upright else None

    def place(self, pixel: Floats) -> Floats:
        """Return a pixel in coordinates of the grid."""
        return np.asarray((pixel - self.middle) @ np.linalg.inv(self.axes), np.float64)


def _points(depth: NDArray[np.float32], frame: _Frame) -> Floats:
    """Return the grid in space, float64 (n, 3), millimetres; NaN for holes and beyond the map's edge.

    The nearest measurement counts: between a face and a hole, or the wall behind, there is nothing to interpolate.
    """
    height, width = depth.shape
    where = _GRID @ frame.axes + frame.middle
    # far outside is outside: without the clip a landmark at 1e20 would not fit an integer
    pixels = np.rint(np.clip(where, -1, max(height, width))).astype(np.int64)
    inside = (pixels >= 0).all(-1) & (pixels[..., 0] < width) & (pixels[..., 1] < height)
    away = np.full(inside.shape, np.nan)
    away[inside] = depth[pixels[inside, 1], pixels[inside, 0]]
    away[away == 0] = np.nan
    return _in_space(where, away, depth.shape)


def _in_space(pixels: Floats, away: Floats, shape: tuple[int, ...]) -> Floats:
    height, width = shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    sideways = (pixels - middle) * away[..., np.newaxis] / (FOCAL_SHARE * max(height, width))
    return np.concatenate([sideways, away[..., np.newaxis]], -1)


def _corners(points: Floats, frame: _Frame, shape: tuple[int, ...]) -> Floats:
    """Return eyes and mouth corners in space, (4, 3), each as far away as what is near of its disc."""
    pixels = frame.landmarks[[0, 1, 3, 4]]
    away = []
    for pixel in pixels:
        place = frame.place(pixel)
        found = (_percentile(points[_near(_GRID, place, reach), 2], CORNER_PERCENTILE, reach) for reach in CORNER_DISCS)
        away.append(next((value for value in found if math.isfinite(value)), math.nan))
    return _in_space(pixels, np.array(away), shape)


def _upright(points: Floats, corners: Floats) -> Floats:
    """Return points (n, 3) as the face has them, mm: to its left, downwards, out of the plane of the corners.

    However the head is turned, a place of the face has the same coordinates.
    """
    middle = corners.mean(0)
    normal = np.linalg.svd(corners - middle)[2][2]
    out = normal if normal @ middle < 0 else -normal
    aside = corners[1] - corners[0]
    aside = aside - (aside @ out) * out
    aside = aside / np.linalg.norm(aside)
    down = np.cross(aside, out)
    mouth_first = down @ (corners[2:].mean(0) - corners[:2].mean(0)) < 0
    return np.asarray((points - middle) @ np.stack([aside, -down if mouth_first else down, out], -1), np.float64)


def _near(places: Floats, place: Floats, reach: float) -> NDArray[np.bool_]:
    return np.asarray((places[:, 0] - place[0]) ** 2 + (places[:, 1] - place[1]) ** 2 <= reach**2)


def _percentile(values: Floats, percentile: float, reach: float) -> float:
    """Return that percentile of the values of a disc, NaN where too few of them are measured."""
    measured = values[np.isfinite(values)]
    enough = measured.size >= LEAST_MEASURED * math.pi * (reach / STEP) ** 2
    return float(np.percentile(measured, percentile)) if enough else math.nan


def _highest(upright: Floats, aside: Iterable[float], down: float, reach: float) -> float:
    """Return the height of the highest of some places in one row: of a turned head not all of them are seen."""
    discs = (upright[_near(upright[..., :2], np.array([across, down]), reach), 2] for across in aside)
    heights = [height for height in (_percentile(disc, 50.0, reach) for disc in discs) if math.isfinite(height)]
    return max(heights, default=math.nan)


def _profile(upright: Floats, corners: Floats, down: float) -> float:
    """Return the height, at the nose, of the line from the bridge between the eyes to the middle of the mouth."""
    eyes, mouth = float(corners[:2, 1].mean()), float(corners[2:, 1].mean())
    bridge, lips = (_highest(upright, RIDGE_ASIDE, row, RIDGE_DISC) for row in (eyes, mouth))
    share = min(max((down - eyes) / (mouth - eyes), 0.0), 1.0)
    return (1 - share) * bridge + share * lips


def _plane_residual(points: Floats) -> float:
    """Return the root mean square distance of points (n, 3) from their best plane, stray ones left out, mm.

    Least squares, once more without what lies beyond three robust standard deviations (median absolute deviation).
    """
    kept = points[np.isfinite(points[:, 2])]
    for _ in range(2):
        if len(kept) < 3:  # noqa: PLR2004 - what a plane takes
            return math.nan
        middle = kept.mean(0)
        normal = np.linalg.eigh((kept - middle).T @ (kept - middle))[1][:, 0]
        distances = (kept - middle) @ normal
        spread = MAD_TO_DEVIATION * float(np.median(np.abs(distances - np.median(distances))))
        residual = float(np.sqrt(np.mean(distances**2)))
        kept = kept[np.abs(distances) <= max(OUTLIER_DEVIATIONS * spread, 1e-6)]
    return residual
