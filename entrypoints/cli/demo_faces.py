"""Faces to show off with: the six people of a photograph that insightface ships, photographed "anew" by warping.

Every capture is synthesised from that one photograph and says nothing about how well people are recognised; it goes
through the same decoder, detector, quality gate and presentation attack detection as a camera's pictures.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from application.ports.vision import Image

PHOTOGRAPH: Final = "data/images/t1.jpg"
PHOTOGRAPH_SHA256: Final = "47f682e945b659f93a9e490b9c9c4a2a864abe64dace9e1a2893845ddfd69489"
FACES: Final = ((107, 335, 97), (321, 212, 108), (521, 345, 108), (796, 409, 102), (951, 130, 113), (1175, 341, 105))
"""Centre (x, y) and width of each face in that photograph, left to right, in pixels."""

PORTRAIT: Final = (480, 640)
LANDSCAPE: Final = (1280, 720)
"""Width and height of a capture: a phone held upright, a webcam."""

HEAD_DEPTH: Final = 0.6
"""How far the nose stands before the ears, in widths of the face."""

SHEET_SHARE: Final = 0.75
"""Width of a printed sheet in the capture that shows it."""
BORDER_PX: Final = 29
PAPER_BGR: Final = (232, 236, 238)
WALL_BGR: Final = (150, 160, 165)
SCREEN_ANGLES: Final = (15.0, 75.0, 45.0)
"""Degrees, one per colour plane: the angles that offset printing uses to keep its screens apart."""
DOT_PX: Final = 5.0
DOT_DEPTH: Final = 40.0
INK_CONTRAST: Final = 0.6
PAPER_LIFT: Final = 60.0
LENS_BLUR_PX: Final = 1.0
NOISE: Final = 2.0
PRINT_ANGLES: Final = (4.0, -3.0, 1.0)
PRINT_JPEG_QUALITY: Final = 88


@dataclass(frozen=True, slots=True)
class Variation:
    """How one capture differs from another.

    ``face`` is the width of the face, a share of the capture's shorter side; ``angle`` a rotation in degrees; ``shift``
    the way from the centre, shares of width and height; ``tilt`` by what share the far side shrinks (perspective);
    ``turn`` and ``nod`` move the head, degrees sideways and up or down: near parts of a face shift against far ones;
    ``gain`` and ``offset`` change the grey values; ``quality`` is JPEG's, 1...100.
    """

    face: float = 0.4
    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    tilt: float = 0.0
    turn: float = 0.0
    nod: float = 0.0
    gain: float = 1.0
    offset: float = 0.0
    quality: int = 90


ENROLMENT: Final = (
    Variation(face=0.40),
    Variation(face=0.46, angle=-7, shift=(0.02, 0.03), turn=9, nod=-4, gain=1.12, quality=85),
    Variation(face=0.36, angle=6, shift=(-0.03, -0.02), turn=-10, nod=5, gain=0.82, quality=92),
    Variation(face=0.43, angle=3, shift=(0.03, 0.0), tilt=0.07, nod=10, offset=14, quality=80),
    Variation(face=0.38, angle=-4, shift=(-0.02, 0.02), tilt=-0.07, nod=-10, offset=-12, quality=88),
    Variation(face=0.50, angle=9, shift=(0.0, 0.02), turn=-6, nod=-9, gain=0.92, offset=10, quality=75),
)
SIGN_IN: Final = (
    Variation(face=0.42, angle=-2, shift=(0.01, -0.01), turn=4, nod=3, gain=1.06, quality=82),
    Variation(face=0.45, angle=5, shift=(-0.02, 0.02), tilt=0.04, turn=-5, gain=0.9, quality=86),
    Variation(face=0.39, angle=-6, shift=(0.02, 0.01), tilt=-0.05, nod=-5, offset=8, quality=78),
)


def photograph() -> Image:
    """Return the photograph. Raises ``ConfigurationError`` where insightface, or that very picture, is not there."""
    spec = importlib.util.find_spec("insightface")
    folder = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    if folder is None or not (folder / PHOTOGRAPH).is_file():
        raise ConfigurationError(f"the demo needs the photograph {PHOTOGRAPH} of the package insightface")
    payload = (folder / PHOTOGRAPH).read_bytes()
    if hashlib.sha256(payload).hexdigest() != PHOTOGRAPH_SHA256:
        raise ConfigurationError(f"{PHOTOGRAPH} of insightface is another picture than the demo was made for")
    return np.asarray(cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def captures(photo: Image, person: int, variations: Sequence[Variation]) -> list[bytes]:
    """Return JPEG captures of one person (0...5, left to right), one per variation."""
    return [encode(portrait(photo, person, variation), variation.quality) for variation in variations]


def prints(photo: Image, person: int) -> list[bytes]:
    """Return JPEG captures of a paper print of one person, held three ways."""
    return [encode(printed(photo, person, angle), PRINT_JPEG_QUALITY) for angle in PRINT_ANGLES]


def portrait(photo: Image, person: int, variation: Variation, size: tuple[int, int] = PORTRAIT) -> Image:
    """Return a picture of ``size`` with that person's face in it, enlarged to a camera's usual distance."""
    columns, rows = _moved_head(FACES[person], variation, *_seen(FACES[person], variation, size))
    seen = cv2.remap(photo, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.convertScaleAbs(seen, alpha=variation.gain, beta=variation.offset), np.uint8)


def encode(image: Image, quality: int) -> bytes:
    """Return JPEG bytes."""
    done, payload = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ConfigurationError("this OpenCV cannot write JPEG")
    return payload.tobytes()


def printed(photo: Image, person: int, angle: float) -> Image:
    """Return an imitation of a paper print of that person held before the camera, turned by ``angle`` degrees.

    What print and recapture do to a picture: halftone dots (one screen angle per ink), the narrow contrast of ink on
    paper, a lens's blur, a white border, a wall behind it, sensor noise. Seeded: the same picture every time.
    """
    width, height = PORTRAIT
    sheet = _sheet(portrait(photo, person, Variation(face=0.5)))
    sheet_height, sheet_width = sheet.shape[:2]
    place = cv2.getRotationMatrix2D((sheet_width / 2, sheet_height / 2), angle, SHEET_SHARE * width / sheet_width)
    place[:, 2] += (width - sheet_width) / 2, (height - sheet_height) / 2
    held = cv2.warpAffine(sheet, place, PORTRAIT, flags=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.warpAffine(np.ones(sheet.shape, np.float32), place, PORTRAIT)
    wall = np.full(held.shape, WALL_BGR, np.float32) + np.linspace(-25, 25, width)[np.newaxis, :, np.newaxis]
    noise = np.random.default_rng(person).normal(0, NOISE, held.shape)
    return _clipped(held * mask + wall * (1 - mask) + noise)


def _sheet(image: Image) -> Image:
    """Return the printed sheet: dots, pale inks, soft edges, white border."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    dots = np.stack([_screen(rows, columns, angle) for angle in SCREEN_ANGLES], axis=2)
    ink = cv2.GaussianBlur(image.astype(np.float32) + DOT_DEPTH * dots, (0, 0), LENS_BLUR_PX)
    inked = _clipped(ink * INK_CONTRAST + PAPER_LIFT)
    height, width = inked.shape[:2]
    sheet = np.full((height + 2 * BORDER_PX, width + 2 * BORDER_PX, 3), PAPER_BGR, np.uint8)
    sheet[BORDER_PX : BORDER_PX + height, BORDER_PX : BORDER_PX + width] = inked
    return sheet


def _screen(rows: NDArray[np.int64], columns: NDArray[np.int64], angle: float) -> NDArray[np.float64]:
    """Return a dot screen turned by ``angle`` degrees, -1...1."""
    turned = np.deg2rad(angle)
    along = columns * np.cos(turned) + rows * np.sin(turned)
    across = rows * np.cos(turned) - columns * np.sin(turned)
    dots: NDArray[np.float64] = np.cos(2 * np.pi * along / DOT_PX) * np.cos(2 * np.pi * across / DOT_PX)
    return dots


def _clipped(image: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _seen(
    face: tuple[int, int, int], variation: Variation, size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return where in the photograph each pixel of the capture looks: columns and rows, shape (height, width)."""
    width, height = size
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=2).astype(np.float32)
    looked_at = cv2.perspectiveTransform(grid, np.linalg.inv(_view(face, variation, size)))
    return np.asarray(looked_at[..., 0], np.float32), np.asarray(looked_at[..., 1], np.float32)


def _moved_head(
    face: tuple[int, int, int], variation: Variation, columns: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Shift each look by the parallax of a head rounded like a paraboloid, nearest at its centre."""
    x, y, width = face
    depth = width * HEAD_DEPTH * np.clip(1 - ((columns - x) / width) ** 2 - ((rows - y) / (1.3 * width)) ** 2, 0, 1)
    turn, nod = (float(np.tan(np.deg2rad(angle))) for angle in (variation.turn, variation.nod))
    return np.asarray(columns + depth * turn, np.float32), np.asarray(rows + depth * nod, np.float32)


def _view(face: tuple[int, int, int], variation: Variation, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return the 3x3 homography from the photograph to the capture."""
    x, y, face_width = face
    width, height = size
    scale = variation.face * min(size) / face_width
    turn = np.vstack([cv2.getRotationMatrix2D((x, y), variation.angle, scale), [0.0, 0.0, 1.0]])
    shift = np.eye(3)
    shift[:2, 2] = width * (0.5 + variation.shift[0]) - x, height * (0.5 + variation.shift[1]) - y
    pinch = abs(variation.tilt) * height / 2
    left, right = (0.0, pinch) if variation.tilt > 0 else (pinch, 0.0)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    pinched = np.array([[0, left], [width, right], [width, height - right], [0, height - left]], np.float32)
    view: NDArray[np.float64] = cv2.getPerspectiveTransform(corners, pinched) @ shift @ turn
    return view
