"""How usable a face picture is, from a small grey crop and the landmarks (components after ISO/IEC 29794-5).

Every component ramps from 0 (refuse) to 1 (nothing to wish for). The ramps start below everything seen in 4,396 press
photographs (LFW) and 250 webcam pictures (NUAA), of which none is refused; of LFW pictures darkened to 0.15, blurred
with sigma 4 or reduced to 0.4, 97 % or more are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.alignment import align_face
from domain.biometrics import FaceQuality

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from application.ports.vision import Face, Image
    from domain.biometrics import FaceShape

BRIGHT_PIXEL = 245
FACE_ROWS = slice(16, 108)
FACE_COLUMNS = slice(12, 100)
"""The part of the aligned crop that is face rather than hair and background."""

REASONS = {
    "size": "too_small",
    "distance": "too_close",
    "centring": "off_centre",
    "brightness": "too_dark",
    "highlights": "too_bright",
    "sharpness": "blurred",
}
"""Guidance for each component that can refuse; frontality only lowers the score."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """0 at ``refuse``, 1 at ``ideal``, straight in between; ``ideal`` may be the smaller."""

    refuse: float
    ideal: float

    def __call__(self, value: float) -> float:
        """Return 0...1."""
        return min(max((value - self.refuse) / (self.ideal - self.refuse), 0.0), 1.0)


EYE_DISTANCE_PX = Ramp(22, 45)
FACE_SHARE = Ramp(0.98, 0.75)
VISIBLE_SHARE = Ramp(0.85, 0.98)
MEAN_GREY_DARK = Ramp(32, 80)
MEAN_GREY_BRIGHT = Ramp(225, 190)
BRIGHT_SHARE = Ramp(0.5, 0.1)
SHARPNESS = Ramp(math.log(14), math.log(150))
FRONTALITY_FLOOR = 0.1
NOSE_SIDEWAYS = 0.6
NOSE_UPRIGHT = 0.49
NOSE_UP_DOWN = 0.45


class LandmarkQuality:
    """``QualityAssessor`` without a network."""

    def assess(self, image: Image, face: Face, shape: FaceShape) -> FaceQuality:  # noqa: ARG002 - pose and eyes follow
        """Return score (geometric mean of the components), components, and the reason of the worst one at 0."""
        crop = align_face(image, face.landmarks)
        grey = np.asarray(cv2.cvtColor(crop.pixels, cv2.COLOR_BGR2GRAY)[FACE_ROWS, FACE_COLUMNS], np.uint8)
        crop.wipe()
        components = {
            "size": EYE_DISTANCE_PX(eye_distance(face.landmarks)),
            "distance": FACE_SHARE(_share(image, face)),
            "centring": VISIBLE_SHARE(visible_share(image, face)),
            "brightness": MEAN_GREY_DARK(float(grey.mean())),
            "highlights": min(MEAN_GREY_BRIGHT(float(grey.mean())), BRIGHT_SHARE(float((grey > BRIGHT_PIXEL).mean()))),
            "sharpness": SHARPNESS(math.log(max(float(cv2.Laplacian(grey, cv2.CV_64F).var()), 1e-6))),
            "frontality": frontality(face.landmarks),
        }
        worst = min(REASONS, key=lambda name: components[name])
        reason = REASONS[worst] if components[worst] == 0.0 else None
        return FaceQuality(math.prod(components.values()) ** (1 / len(components)), reason, components)


def eye_distance(landmarks: NDArray[np.float32]) -> float:
    """Return the distance of the eyes in pixels as it would be face on.

    The way from eyes to mouth is about as long and does not shrink when the head turns: the larger one counts.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    return max(float(np.linalg.norm(landmarks[1] - landmarks[0])), float(np.linalg.norm(mouth - eyes)))


def visible_share(image: Image, face: Face) -> float:
    """Return how much of the face box lies within the picture, 0...1."""
    height, width = image.shape[:2]
    left, top, box_width, box_height = (float(value) for value in face.box)
    inside_x = min(left + box_width, width) - max(left, 0.0)
    inside_y = min(top + box_height, height) - max(top, 0.0)
    share: float = max(inside_x, 0.0) * max(inside_y, 0.0) / max(box_width * box_height, 1e-6)
    return share


def frontality(landmarks: NDArray[np.float32]) -> float:
    """Return 1 for a face turned to the camera, less as the nose leaves its place between eyes and mouth."""
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    down = mouth - eyes
    length = max(float(np.linalg.norm(down)), 1e-6)
    nose = landmarks[2] - eyes
    upright = float(nose @ down) / length**2
    sideways = float(nose[0] * down[1] - nose[1] * down[0]) / length**2
    turned = math.hypot(sideways / NOSE_SIDEWAYS, (upright - NOSE_UPRIGHT) / NOSE_UP_DOWN)
    return max(FRONTALITY_FLOOR, 1.0 - turned)


def _share(image: Image, face: Face) -> float:
    height, width = image.shape[:2]
    share: float = max(float(face.box[2]) / width, float(face.box[3]) / height)
    return share
