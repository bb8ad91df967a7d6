"""A head has depth and a picture of one has not: what no single plane explains when the view changes.

Two views of a flat thing, whatever its tilt, are related by a homography (Hartley and Zisserman, "Multiple View
Geometry", 2nd ed., 13.1). Landmarks of a head that turned or came nearer are not: the nose moves against the cheeks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
SMALLEST, LARGEST = 1e-9, 1e9
NARROWEST = 1e-3
"""Extent across, as a share of the extent along, below which points count as lying on one line."""


def mean_shape(shapes: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Return the mean of (68, 2) landmarks of one pose: noise of single frames averages out. At least one shape."""
    return np.asarray(np.mean(np.stack([np.asarray(shape, np.float64) for shape in shapes]), axis=0))


def plane_residual(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Return how badly the best homography explains the step from one view to the other.

    Args:
        before: landmarks, float64 (68, 2), in pixels.
        after: the same points in the other view.

    Returns:
        Root mean square distance between the points and where the homography puts them, as a share of the distance of
        the eyes in ``after``; 0 for a rigid flat thing seen without noise. 0 as well for points that are no face (not
        finite, all on one line or in one place, eyes in one place): what cannot be measured is no depth.
    """
    first, second = _normalised(before), _normalised(after)
    if first is None or second is None:
        return 0.0
    mapped = _apply(_homography(first, second), first)
    spread = float(np.linalg.norm(second[LEFT_EYE].mean(axis=0) - second[RIGHT_EYE].mean(axis=0)))
    error = float(np.sqrt(((mapped - second) ** 2).sum(axis=1).mean()))
    return error / spread if spread > SMALLEST and np.isfinite(error) else 0.0


def _normalised(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Move to the origin and scale to a mean distance of the square root of 2 (ibid., 4.4.4).

    None for points without extent in both directions, which determine no homography.
    """
    if not np.isfinite(points).all():
        return None
    centred = points - points.mean(axis=0)
    scale = float(np.linalg.norm(centred, axis=1).mean())
    if not SMALLEST < scale < LARGEST:
        return None
    scaled = centred * (np.sqrt(2.0) / scale)
    narrowest = float(np.linalg.svd(scaled, compute_uv=False)[-1])
    return scaled if narrowest > NARROWEST * len(points) ** 0.5 else None


def _homography(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 3x3 homography of least algebraic error: the direct linear transform (ibid., algorithm 4.2)."""
    ones, zeros = np.ones(len(source)), np.zeros((len(source), 3))
    points = np.column_stack([source, ones])
    x, y = target[:, :1], target[:, 1:]
    rows = np.concatenate([np.hstack([points, zeros, -x * points]), np.hstack([zeros, points, -y * points])])
    return np.asarray(np.linalg.svd(rows, full_matrices=False)[2][-1].reshape(3, 3))


def _apply(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    weight = np.where(np.abs(mapped[:, 2:]) < SMALLEST, SMALLEST, mapped[:, 2:])
    return np.asarray(mapped[:, :2] / weight)
