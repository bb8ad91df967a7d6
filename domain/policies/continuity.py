"""One person, one camera, one stretch of time: what must not happen between the frames of an attempt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from domain.biometrics import FaceShape, FrameFindings

FACE_LOST: Final = "face_lost"
FACE_JUMP: Final = "face_jump"
FACE_CHANGED: Final = "face_changed"
SCENE_JUMP: Final = "scene_jump"
MANY_FACES: Final = "many_faces"
TIME_BACKWARDS: Final = "time_runs_backwards"
CLOCKS_DISAGREE: Final = "clocks_disagree"
RATE_TOO_LOW: Final = "frame_rate_too_low"
RATE_TOO_HIGH: Final = "frame_rate_too_high"
REPEATED: Final = "repeated_frames"
LOOP: Final = "looping_video"

BASE_JUMP, JUMP_PER_S = 0.35, 6.0
"""Face widths. At 15 frames a second a live head moved by at most 0.27 from frame to frame (11 clips)."""
BASE_GROWTH, GROWTH_PER_S = 0.25, 3.0
"""Natural logarithm of the size. At 15 frames a second live heads changed by at most 0.11."""
SCENE_CHANGE: Final = 0.18
"""Mean grey difference 0...1 of the surroundings, common brightness aside. Live: at most 0.14 in a quarter second."""
FACE_LIKENESS: Final = 0.8
"""Correlation of two coarse faces, one frame after the other. Different people: half below 0.36, 99 % below 0.78, at
most 0.84 (11 clips); live, 2 % of frames at 15 a second and 4 % at 7.5 drop below 0.8: a reason to look closer."""
LONG_GAP_S: Final = 1.5
"""After a longer pause anybody may sit there: nobody watched."""
SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS = 13.0, 400.0
"""Cameras give 15 to 60 pictures a second, and one every 400 ms is too few to follow a movement."""
MIN_INTERVALS: Final = 2
CLOCK_TOLERANCE_MS: Final = 3_000.0
LOOP_RUN, LOOP_LAG = 8, 6
LOOP_ERROR, LOOP_MOTION = 0.012, 0.12
"""Distances of the eyes: how near a replayed run of frames lies to the first one, and how much it must move."""


def jump(before: FrameFindings, after: FrameFindings) -> str | None:
    """Return what jumped between two frames that each show one face, None where nothing did."""
    gap = seconds_between(before, after)
    if before.shape is None or after.shape is None:
        return None
    if gap > LONG_GAP_S:
        return FACE_LOST
    # written so that NaN is a jump
    if not _moved(before.shape, after.shape) <= BASE_JUMP + JUMP_PER_S * gap:
        return FACE_JUMP
    if not _grown(before.shape, after.shape) <= BASE_GROWTH + GROWTH_PER_S * gap:
        return FACE_JUMP
    if before.scene is not None and after.scene is not None and scene_change(before.scene, after.scene) > SCENE_CHANGE:
        return SCENE_JUMP
    return None


def looks_other(before: FrameFindings, after: FrameFindings) -> bool:
    """Say whether a frame's face may be somebody else's than the last one's; True where it is not known."""
    if before.face is None or after.face is None or before.face.shape != after.face.shape:
        return True
    return not float(np.dot(before.face, after.face)) >= FACE_LIKENESS


def scene_change(before: NDArray[np.float32], after: NDArray[np.float32]) -> float:
    """Return the mean difference of two surroundings, 0...1; 0 where the person covers nearly everything."""
    if before.shape != after.shape:
        return 1.0
    difference = after - before
    seen = difference[np.isfinite(difference)]
    if len(seen) < len(difference) // 10:
        return 0.0
    return float(np.abs(seen - np.median(seen)).mean())


def seconds_between(before: FrameFindings, after: FrameFindings) -> float:
    """Return the time between two frames, 0 where it is not known."""
    return 0.0 if before.at_ms is None or after.at_ms is None else (after.at_ms - before.at_ms) / 1000


def rate_fault(times_ms: Sequence[float]) -> str | None:
    """Return what is wrong with the intervals at which frames were taken, None for a camera's."""
    intervals = [after - before for before, after in pairwise(times_ms)]
    if len(intervals) < MIN_INTERVALS:
        return None
    middle = median(intervals)
    return RATE_TOO_HIGH if middle < SHORTEST_INTERVAL_MS else RATE_TOO_LOW if middle > LONGEST_INTERVAL_MS else None


@dataclass(slots=True)
class Timeline:
    """When the frames of an attempt were taken, as the client says, and when they came."""

    taken: list[float]
    arrived: list[float]

    def fault_of(self, taken: float, arrived: float) -> str | None:
        """Note a frame; return why its time cannot be true, None where it can."""
        fault = None
        if self.taken and not taken >= self.taken[-1]:
            fault = TIME_BACKWARDS
        elif self.taken:
            passed = taken - self.taken[0], arrived - self.arrived[0]
            fault = CLOCKS_DISAGREE if abs(passed[0] - passed[1]) > CLOCK_TOLERANCE_MS else None
        self.taken.append(taken)
        self.arrived.append(arrived)
        return fault


class LoopWatch:
    """Finds a stretch of movement that comes again exactly: a video that was put in a loop.

    People repeat a movement, never to a hundredth of the distance of their eyes over half a second.
    """

    def __init__(self) -> None:
        """Start with no past."""
        self._past: list[NDArray[np.float32]] = []
        self._near: list[NDArray[np.bool_]] = []

    def comes_again(self, shape: FaceShape) -> bool:
        """Take the next frame's shape; say whether the last frames are a repetition."""
        apart = max(float(np.linalg.norm(shape.landmarks[39] - shape.landmarks[42])), 1e-6)
        now = np.array(shape.landmarks, np.float32)
        if self._past:
            gaps = np.sqrt(((np.stack(self._past) - now) ** 2).sum(axis=2).mean(axis=1)) / apart
        else:
            gaps = np.zeros(0)
        self._past.append(now)
        self._near.append(gaps < LOOP_ERROR)
        return self._run(apart)

    def wipe(self) -> None:
        """Overwrite the shapes of the past."""
        for shape in self._past:
            shape.fill(0)
        self._past.clear()
        self._near.clear()

    def _run(self, apart: float) -> bool:
        """Look for a lag at which each of the last frames lies on a former one while they moved."""
        count = len(self._past)
        recent = np.stack(self._past[-LOOP_RUN:])
        if count < LOOP_RUN + LOOP_LAG:
            return False
        motion = float(np.sqrt(((recent - recent[0]) ** 2).sum(axis=2).mean(axis=1)).max()) / apart
        if motion < LOOP_MOTION:
            return False
        return any(
            all(self._near[at][at - lag] for at in range(count - LOOP_RUN, count))
            for lag in range(LOOP_LAG, count - LOOP_RUN + 1)
        )


def _moved(before: FaceShape, after: FaceShape) -> float:
    width = math.sqrt(max(before.box[2] * before.box[3], 1e-6))
    return math.dist(_centre(before), _centre(after)) / width


def _grown(before: FaceShape, after: FaceShape) -> float:
    sizes = [max(shape.box[2] * shape.box[3], 1e-6) for shape in (before, after)]
    return abs(math.log(sizes[1] / sizes[0])) / 2


def _centre(shape: FaceShape) -> tuple[float, float]:
    left, top, width, height = shape.box
    return left + width / 2, top + height / 2
