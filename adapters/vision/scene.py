"""A face and its surroundings, coarse: enough to tell that they changed, too little to tell whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.scratch import Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from application.ports.vision import FaceCrop, Image

COLUMNS, ROWS = 12, 9
BODY_WIDTHS = 0.6
"""Head, hair and shoulders lie within this many box widths beside the face, and below it."""


FACE_ROWS, FACE_COLUMNS = slice(12, 102), slice(14, 98)
FACE_SIZE = (14, 15)


def coarse_face(crop: FaceCrop) -> NDArray[np.float32]:
    """Return the grey values of an aligned face in 15 rows of 14 cells, zero mean and unit norm: float32, (210,)."""
    with Scratch() as scratch:
        grey = scratch.keep(np.asarray(cv2.cvtColor(crop.pixels, cv2.COLOR_BGR2GRAY), np.uint8))
        small = scratch.keep(cv2.resize(grey[FACE_ROWS, FACE_COLUMNS], FACE_SIZE, interpolation=cv2.INTER_AREA))
        cells = np.asarray(small, np.float32).ravel()
        cells -= cells.mean()
        cells /= np.float32(max(float(np.linalg.norm(cells)), 1e-6))
        return cells


def surroundings(image: Image, box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean grey values 0...1 of a grid of 12 by 9 cells, row by row; NaN where the person is.

    float32, shape (108,).
    """
    height, width = image.shape[:2]
    with Scratch() as scratch:
        # Every pixel of a large picture would cost 2 ms and tell nothing more.
        step = max(1, min(height // (4 * ROWS), width // (4 * COLUMNS)))
        sparse = image[::step, ::step]
        small = scratch.keep(cv2.resize(sparse, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA))
        grey = scratch.keep(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        cells = np.asarray(grey, np.float32) / np.float32(255)
    left, top, box_width, box_height = (float(value) for value in box)
    first = int(np.floor((left - BODY_WIDTHS * box_width) / width * COLUMNS))
    last = int(np.ceil((left + (1 + BODY_WIDTHS) * box_width) / width * COLUMNS))
    highest = int(np.floor((top - BODY_WIDTHS * box_height / 2) / height * ROWS))
    cells[max(highest, 0) :, max(first, 0) : max(last, 0)] = np.nan
    return cells.ravel()
