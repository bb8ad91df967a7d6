"""How usable a face picture is: components in the terms of ISO/IEC 29794-5:2025 (as measured by BSI's OFIQ).

| component          | ISO/IEC 29794-5, OFIQ                                       | code when it is 0          |
|--------------------|-------------------------------------------------------------|----------------------------|
| inter_eye_distance | inter-eye distance                                          | too_small                  |
| head_size          | head size                                                   | too_close                  |
| face_in_picture    | crop of the face image, leftward, rightward, above, below   | off_centre                 |
| under_exposure     | under-exposure prevention                                   | too_dark                   |
| over_exposure      | over-exposure prevention                                    | too_bright                 |
| sharpness          | sharpness                                                   | blurred                    |
| head_pose          | head pose, yaw and pitch (alignment takes roll out)         | look_straight (``unfit``)  |
| eyes_visible       | eyes visible                                                | face_covered (``unfit``)   |
| mouth_visible      | mouth occlusion prevention                                  | face_covered (``unfit``)   |
| eyes_open          | eyes open                                                   | eyes_closed (``unfit``)    |

A single face is the pipeline's part. The scales are ours, 0 (refuse) to 1 (nothing to wish for), not OFIQ's 0...100.
Of 4,396 press photographs (LFW), 250 webcam pictures (NUAA) and 2,119 frames of nine live clips none has a ``reason``;
of press photographs 2 % are unfit. Spoilt copies of them are refused for what is wrong in 98 of 100 (Gaussian blur of
sigma 4, reduced to 0.4) and 100 of 100 (darkened to 0.15) that the detector still finds.

Background, expression and colour balance have no component: a wall or a smile keeps nobody from being recognised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from adapters.vision.alignment import align_face
from adapters.vision.occlusion import covering
from adapters.vision.scratch import Scratch
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
    "inter_eye_distance": "too_small",
    "head_size": "too_close",
    "face_in_picture": "off_centre",
    "under_exposure": "too_dark",
    "over_exposure": "too_bright",
    "sharpness": "blurred",
}
"""Faults of the picture, by component: nothing at all is to be learnt from such a frame."""

UNFIT = {
    "head_pose": "look_straight",
    "eyes_visible": "face_covered",
    "mouth_visible": "face_covered",
    "eyes_open": "eyes_closed",
}
"""What keeps a face from being recognised, by component, the first one first: the others are unsure in a turned head,
and closed eyes cannot be told behind dark glasses."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """0 at ``refuse``, 1 at ``ideal``, straight in between; ``ideal`` may be the smaller."""

    refuse: float
    ideal: float

    def __call__(self, value: float) -> float:
        """Return 0...1."""
        return min(max((value - self.refuse) / (self.ideal - self.refuse), 0.0), 1.0)


EYE_DISTANCE_PX = Ramp(24, 45)
FACE_SHARE = Ramp(0.98, 0.75)
VISIBLE_SHARE = Ramp(0.85, 0.98)
MEAN_GREY_DARK = Ramp(32, 80)
MEAN_GREY_BRIGHT = Ramp(215, 185)
BRIGHT_SHARE = Ramp(0.35, 0.1)
SHARPNESS = Ramp(math.log(15), math.log(150))

POSE_YAW, POSE_PITCH, NEUTRAL_PITCH = 40.0, 32.0, -8.0
POSE = Ramp(1.0, 0.2)
"""Refused on and beyond the ellipse of 40 degrees of yaw and 32 of pitch around how fr_pose sees people who look
straight ahead (median pitch of LFW: -8)."""

EYES_OPEN = Ramp(0.02, 0.2)
LIPS = Ramp(0.1, 0.2)
LOWER_REDNESS, PALLOR = Ramp(-0.2, -0.06), 0.2
LOWER_LIGHT = Ramp(0.4, 0.55)
EYE_LIGHT = Ramp(0.33, 0.5)
LID_LIGHT = Ramp(0.62, 0.8)
"""No face of 4,396 press photographs, 250 webcam pictures and the live clips comes to 0 on lips and lower face; faces
with a painted mask do in 91 to 98 of 100 (blue, green, white, black)."""


class LandmarkQuality:
    """``QualityAssessor`` without a network of its own."""

    def assess(self, image: Image, face: Face, shape: FaceShape) -> FaceQuality:
        """Return score (geometric mean of the components), components, and what is wrong.

        ``reason`` and ``unfit`` are those of the first component at 0 each.
        """
        crop = align_face(image, face.landmarks)
        try:
            components = {
                "inter_eye_distance": EYE_DISTANCE_PX(eye_distance(face.landmarks)),
                "head_size": FACE_SHARE(_share(image, face)),
                "face_in_picture": VISIBLE_SHARE(visible_share(image, face)),
                **_light(crop.pixels),
                "head_pose": head_pose(shape.yaw, shape.pitch),
                **_visible(crop.pixels),
                "eyes_open": EYES_OPEN(max(shape.eye_openings)),
            }
        finally:
            crop.wipe()
        reason = next((code for name, code in REASONS.items() if components[name] == 0.0), None)
        unfit = next((code for name, code in UNFIT.items() if components[name] == 0.0), None)
        return FaceQuality(math.prod(components.values()) ** (1 / len(components)), reason, components, unfit)


def head_pose(yaw: float, pitch: float) -> float:
    """Return 1 for a face turned to the camera, 0 for one turned too far away (degrees)."""
    return POSE(math.hypot(yaw / POSE_YAW, (pitch - NEUTRAL_PITCH) / POSE_PITCH))


def _light(crop: NDArray[np.uint8]) -> dict[str, float]:
    with Scratch() as scratch:
        whole = scratch.keep(np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8))
        grey = whole[FACE_ROWS, FACE_COLUMNS]
        edges = scratch.keep(np.asarray(cv2.Laplacian(grey, cv2.CV_64F)))
        mean, bright = float(grey.mean()), float((grey > BRIGHT_PIXEL).mean())
        return {
            "under_exposure": MEAN_GREY_DARK(mean),
            "over_exposure": min(MEAN_GREY_BRIGHT(mean), BRIGHT_SHARE(bright)),
            "sharpness": SHARPNESS(math.log(max(float(edges.var()), 1e-6))),
        }


def _visible(crop: NDArray[np.uint8]) -> dict[str, float]:
    found = covering(crop)
    # White cloth takes the redness of the lamp: what is brighter than the nose counts as less red.
    redness = found.redness - PALLOR * max(found.lower - 1.0, 0.0)
    return {
        "eyes_visible": max(EYE_LIGHT(found.eyes), LID_LIGHT(found.lids)),
        "mouth_visible": max(LIPS(found.lips), min(LOWER_REDNESS(redness), LOWER_LIGHT(found.lower))),
    }


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


def _share(image: Image, face: Face) -> float:
    height, width = image.shape[:2]
    share: float = max(float(face.box[2]) / width, float(face.box[3]) / height)
    return share
