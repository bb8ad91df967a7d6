"""Movements that a person is asked for: what counts as done, as something else, and against which own neutral pose.

All thresholds were read off the live clips of the development data (ADR 0014 has the table); angles are in degrees,
lengths in distances of the eyes, both as changes from the person's own neutral pose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

from domain.biometrics import FaceShape
from domain.policies.parallax import mean_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

TURN_LEFT: Final = "turn_left"
TURN_RIGHT: Final = "turn_right"
LOOK_UP: Final = "look_up"
LOOK_DOWN: Final = "look_down"
COME_CLOSER: Final = "come_closer"
BLINK: Final = "blink"

MOVEMENTS: Final = (TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN, COME_CLOSER, BLINK)
"""Everything that can be judged."""

TURNS: Final = frozenset({TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN})
"""Movements that show a head from another side, so that parallax can be judged."""

ENABLED: Final = (TURN_LEFT, TURN_RIGHT, LOOK_UP, LOOK_DOWN, COME_CLOSER)
"""What people are asked for: the movements that the clips show to be judged reliably (docs/liveness.md)."""

TURN_DEG, NOD_UP_DEG, NOD_DOWN_DEG = 15.0, 16.0, 14.0
NOSE_SHIFT: Final = 0.08
GROWTH: Final = 1.22
EYES_CLOSED, EYES_OPEN = 0.6, 0.8
WRONG_TURN_DEG, WRONG_NOD_DEG = 20.0, 26.0
SIDEWAYS_DEG: Final = 10.0
"""A head this far sideways is not judged for nodding: the pose network mixes the two."""

STRAIGHT_TURN_DEG, STRAIGHT_NOD_DEG = 11.0, 13.0
STRAIGHT_YAW_DEG: Final = 20.0
STEADY_YAW_DEG, STEADY_PITCH_DEG, STEADY_GROWTH = 8.0, 12.0, 1.1

RIGHT_EYE, LEFT_EYE, NOSE_TIP = slice(36, 42), slice(42, 48), 30


@dataclass(frozen=True, slots=True, eq=False)
class Neutral:
    """How one person looks straight ahead in one attempt: medians of a few steady frames."""

    yaw: float
    pitch: float
    nose: float
    size: float
    eyes: float
    landmarks: NDArray[np.float64]

    @classmethod
    def of(cls, shapes: Sequence[FaceShape]) -> Neutral:
        """Take the medians. At least one shape."""
        return cls(
            yaw=median(shape.yaw for shape in shapes),
            pitch=median(shape.pitch for shape in shapes),
            nose=median(nose_offset(shape) for shape in shapes),
            size=median(size_of(shape) for shape in shapes),
            eyes=median(_eyes(shape) for shape in shapes),
            landmarks=mean_shape([shape.landmarks for shape in shapes]),
        )


@dataclass(frozen=True, slots=True)
class Movement:
    """How far a face is from its neutral pose.

    ``turn`` and ``nod`` in degrees (as ``FaceShape.yaw`` and ``pitch``), ``nose`` the way of the nose tip to the right
    edge in distances of the eyes, ``growth`` how many times larger, ``eyes`` how many times as far open.
    """

    turn: float
    nod: float
    nose: float
    growth: float
    eyes: float

    @classmethod
    def between(cls, neutral: Neutral, shape: FaceShape) -> Movement:
        """Compare."""
        return cls(
            turn=shape.yaw - neutral.yaw,
            nod=shape.pitch - neutral.pitch,
            nose=nose_offset(shape) - neutral.nose,
            growth=size_of(shape) / max(neutral.size, 1e-6),
            eyes=_eyes(shape) / max(neutral.eyes, 1e-6),
        )

    @property
    def straight(self) -> bool:
        """Whether the head is back where it was when the person looked straight ahead."""
        return abs(self.turn) < STRAIGHT_TURN_DEG and abs(self.nod) < STRAIGHT_NOD_DEG

    def shows(self, step: str) -> bool:
        """Say whether this is what ``step`` asks for; for a blink, whether the eyes are closed."""
        if step == TURN_LEFT:
            return self.turn <= -TURN_DEG and self.nose >= NOSE_SHIFT
        if step == TURN_RIGHT:
            return self.turn >= TURN_DEG and self.nose <= -NOSE_SHIFT
        if step == LOOK_UP:
            return self.nod >= NOD_UP_DEG and abs(self.turn) < TURN_DEG
        if step == LOOK_DOWN:
            return self.nod <= -NOD_DOWN_DEG and abs(self.turn) < TURN_DEG
        if step == COME_CLOSER:
            return self.growth >= GROWTH and abs(self.turn) < TURN_DEG
        return self.eyes < EYES_CLOSED and self.straight

    def other_than(self, step: str) -> str | None:
        """Return the decided movement of the head that this is and that ``step`` does not ask for, None for none."""
        sideways = TURN_LEFT if self.turn <= -WRONG_TURN_DEG else TURN_RIGHT if self.turn >= WRONG_TURN_DEG else None
        if sideways is not None:
            return sideways if sideways != step else None
        if abs(self.turn) >= SIDEWAYS_DEG:
            return None
        nodding = LOOK_DOWN if self.nod <= -WRONG_NOD_DEG else LOOK_UP if self.nod >= WRONG_NOD_DEG else None
        return nodding if nodding != step else None


def steady(shapes: Sequence[FaceShape]) -> bool:
    """Say whether these show one person looking straight ahead and keeping still."""
    yaws, pitches, sizes = (
        [shape.yaw for shape in shapes],
        [shape.pitch for shape in shapes],
        [size_of(shape) for shape in shapes],
    )
    still = max(yaws) - min(yaws) <= STEADY_YAW_DEG and max(pitches) - min(pitches) <= STEADY_PITCH_DEG
    return still and max(sizes) <= STEADY_GROWTH * min(sizes) and max(map(abs, yaws)) <= STRAIGHT_YAW_DEG


def nose_offset(shape: FaceShape) -> float:
    """Return how far the nose tip is from the middle of the eyes towards the right edge, in distances of the eyes."""
    right, left = shape.landmarks[RIGHT_EYE].mean(axis=0), shape.landmarks[LEFT_EYE].mean(axis=0)
    apart = max(float(np.linalg.norm(left - right)), 1e-6)
    return float(shape.landmarks[NOSE_TIP, 0] - (right[0] + left[0]) / 2) / apart


def size_of(shape: FaceShape) -> float:
    """Return the side of a square of the face box's area, in pixels."""
    return float(np.sqrt(max(shape.box[2] * shape.box[3], 0.0)))


def readable(shape: FaceShape) -> bool:
    """Say whether a shape is made of numbers: comparisons with anything else would hold or fail by chance."""
    angles = shape.yaw, shape.pitch, shape.roll
    return bool(np.isfinite([*shape.box, *angles, *shape.eye_openings]).all() and np.isfinite(shape.landmarks).all())


def _eyes(shape: FaceShape) -> float:
    # A blink closes both eyes: the wider one counts.
    return max(shape.eye_openings)
