"""Hints that eyes or mouth are covered, from the aligned crop. Only strong evidence counts.

Every value compares a face with its own nose bridge, which neither glasses nor masks cover, so that neither skin tone
nor lamp decides. Colour alone would be unfair (on dark skin lips are hardly redder than their surroundings), so a mouth
counts as covered only where no lips stand out and the lower face is of another colour or much darker as well. A bare
hand has the colour of the face: it is not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.scratch import Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

BRIDGE = slice(40, 62), slice(49, 63)
LOWER_FACE = slice(82, 108), slice(38, 74)
MOUTH = slice(84, 100), slice(40, 72)
EYES = (slice(46, 60), slice(28, 49)), (slice(46, 60), slice(63, 84))
EYES_AND_LIDS = (slice(44, 62), slice(28, 49)), (slice(44, 62), slice(63, 84))
"""Rows and columns of the 112x112 crop, around the points of ``alignment.TEMPLATE``."""

LIP_PERCENTILE, LID_PERCENTILE = 95, 75
DARK_OFFSET = 4.0
"""Added to every channel, so that the noise of black pixels has no colour."""


@dataclass(frozen=True, slots=True)
class Covering:
    """What stands out in a face.

    ``lips``: how much redder the reddest part of the mouth is than the lower face, ``redness``: how much redder the
    lower face is than the nose bridge (both differences of ln(red / green)); ``lower``, ``eyes``, ``lids``: brightness
    of the lower face, of the brighter eye, and of what is bright around it, over that of the nose bridge.
    """

    lips: float
    redness: float
    lower: float
    eyes: float
    lids: float


def covering(crop: NDArray[np.uint8]) -> Covering:
    """Compare the parts of an aligned face, BGR uint8 (112, 112, 3)."""
    with Scratch() as scratch:
        keep = scratch.keep
        soft = keep(np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.0), np.float32))
        soft += np.float32(DARK_OFFSET)
        light = keep(soft.mean(axis=2))
        red = keep(np.log(soft[..., 2] / soft[..., 1]))
        lower_red, bridge_light = float(np.median(red[LOWER_FACE])), float(np.median(light[BRIDGE]))
        return Covering(
            lips=float(np.percentile(red[MOUTH], LIP_PERCENTILE)) - lower_red,
            redness=lower_red - float(np.median(red[BRIDGE])),
            lower=float(np.median(light[LOWER_FACE])) / bridge_light,
            eyes=max(float(np.median(light[part])) for part in EYES) / bridge_light,
            lids=max(float(np.percentile(light[part], LID_PERCENTILE)) for part in EYES_AND_LIDS) / bridge_light,
        )
