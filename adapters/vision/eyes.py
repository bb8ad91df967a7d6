"""How far each eye is open, by the network fr_eye, placed by the 68 landmarks.

The eye aspect ratio of those landmarks (Soukupova and Cech 2016) is unfair to narrow eyes and says little: it is 0.18
for one person's open eyes, 0.30 for another's, and a third's blink lowers it to 0.78 of its usual value only.
The network separates them all, once it is shown the centre of the six points of an eye rather than the detector's eye
point. It is shown two sizes of that, each as it is and brought to one brightness: dark rooms and dark skin need the
second, pale lids the first. The larger opening of the two eyes is what tells a blink: a blink closes both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.alignment import TEMPLATE, similarity_transform
from adapters.vision.scratch import Scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adapters.vision.sessions import Network
    from application.ports.vision import Face, Image

EYE_ID = "fr-eye-0.0.1"
EYE_SHAPE = (1, 1, 24, 24)
SIDE = 24
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)

ENLARGED = 2.0
PATCH = 64
HALVES = tuple(round(share * ENLARGED * float(TEMPLATE[1, 0] - TEMPLATE[0, 0]) / 2) for share in (0.5, 0.65))
"""Half the sides of what the network is shown: shares of the distance of the eyes, at twice the aligned size."""

PATCH_MEAN, DARKEST_MEAN = 0.5, 0.02
OPEN, EVEN, SOFTNESS = 0.3, -6.0, 2.0
"""The measure is near ``OPEN`` for open eyes and half of it where the answers, open minus closed, are at ``EVEN``."""


class EyeReader:
    """Openings of both eyes."""

    def __init__(self, network: Network) -> None:
        """Use the loaded network."""
        self._network = network

    def read(self, image: Image, face: Face, points: NDArray[np.float32]) -> tuple[float, float]:
        """Return the right and the left eye's opening, 0...0.3; ``points`` are the 68 landmarks, float32 (68, 2)."""
        matrix = ENLARGED * similarity_transform(face.landmarks)
        right, left = (self._opening(image, matrix, points[eye].mean(axis=0)) for eye in (RIGHT_EYE, LEFT_EYE))
        return right, left

    def _opening(self, image: Image, matrix: NDArray[np.float64], centre: NDArray[np.float32]) -> float:
        matrix = matrix.copy()
        matrix[:, 2] = PATCH / 2 - matrix[:, :2] @ centre
        with Scratch() as scratch:
            patch = scratch.keep(cv2.warpAffine(image, matrix, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE))
            grey = scratch.keep(np.asarray(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), np.float32) / np.float32(255))
            margins = [self._margin(grey, half, even=even) for half in HALVES for even in (False, True)]
        return opening(sum(margins) / len(margins))

    def _margin(self, grey: NDArray[np.float32], half: int, *, even: bool) -> float:
        within = slice(PATCH // 2 - half, PATCH // 2 + half)
        with Scratch() as scratch:
            eye = scratch.keep(np.asarray(cv2.resize(grey[within, within], (SIDE, SIDE)), np.float32))
            if even:
                eye *= np.float32(PATCH_MEAN / max(float(eye.mean()), DARKEST_MEAN))
                np.minimum(eye, np.float32(1), out=eye)
            closed, opened = self._network.run(eye[np.newaxis, np.newaxis])[0][0]
        return float(opened - closed)


def opening(margin: float) -> float:
    """Return the opening for a margin of the network's answers, open minus closed: a logistic curve up to 0.3."""
    return OPEN / (1 + math.exp(min((EVEN - margin) / SOFTNESS, 700.0)))
