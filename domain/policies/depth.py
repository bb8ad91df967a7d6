"""From what depth maps say of a face to an allowance or a named refusal.

The limits come from geometry, there are no recordings: the mean face of insightface's landmark model (meanshape_68)
before a synthetic camera against paper before the same camera (``tests/depth_scenes.py``).

What passes: a sheet with a sharp crease slanting through the nose (36 of 200 such sheets, slopes of 5 to 50 degrees,
creases 20 to 70 degrees from upright), and any mask of a face's size. These are for the other evidence to tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.biometrics import DepthFindings

DEPTH_FLAT: Final = "depth_flat"
DEPTH_ABSENT: Final = "depth_absent"
DEPTH_INVERTED: Final = "depth_inverted"
DEPTH_SCALE: Final = "depth_scale"
DEPTH_FROZEN: Final = "depth_frozen"
DEPTH_INCOMPLETE: Final = "depth_incomplete"

MIN_MAPS: Final = 3
"""As many as the frames that are always waited for."""

MIN_RELIEF: Final = 0.22
"""500 synthetic faces, their relief 0.75 to 1.2 times the mean shape's, turned up to 25 degrees, at 250 to 600 mm with
1 to 2 mm of noise: 0.286 to 0.536. 500 flat photographs held in the same ways: at most 0.020."""

MAX_RELIEF: Final = 0.8
"""No nose stands out so far; paper creased to a sharp roof does."""

MIN_CHEEK_RELIEF: Final = 0.17
"""The same faces: at least 0.520; paper creased level across the nose has its cheeks on the crease."""

MIN_PROFILE_RELIEF: Final = 0.07
"""The same faces: at least 0.143; paper bent or creased along the nose has an even profile."""

MIN_PLANE_RESIDUAL: Final = 0.05
"""The same faces: at least 0.075; the same flat photographs at most 0.034, which is their noise."""

MOST_HOLES: Final = 0.35
"""The same faces, shadows of the projector along their outlines: at most 0.193."""

EYES_APART_MM: Final = (45.0, 83.0)
"""Pupils of adults are 50 to 75 mm apart (Dodgson 2004, "Variation and extrema of human interpupillary distance");
10 % more on either side for cameras whose focal length is not the assumed one."""


@dataclass(frozen=True, slots=True)
class DepthPolicy:
    """Limits on the findings of one map and of a session's maps; lengths as shares of the distance between the eyes."""

    min_maps: int = MIN_MAPS
    min_relief: float = MIN_RELIEF
    max_relief: float = MAX_RELIEF
    min_cheek_relief: float = MIN_CHEEK_RELIEF
    min_profile_relief: float = MIN_PROFILE_RELIEF
    min_plane_residual: float = MIN_PLANE_RESIDUAL
    most_holes: float = MOST_HOLES
    eyes_apart_mm: tuple[float, float] = EYES_APART_MM

    def decide(self, findings: Sequence[DepthFindings]) -> str | None:
        """Return None where the maps of a session's usable frames show a face, else why not.

        More than half of the maps must pass ``check``, so that live frames never excuse as many fake ones; the decision
        frame must pass it by itself, which is the caller's to ask. A client without such a camera sends no map at all,
        and nothing is decided here; one that sends some sends at least ``min_maps``.
        """
        if not findings:
            return None
        if _repeated(findings):
            return DEPTH_FROZEN
        if len(findings) < self.min_maps:
            return DEPTH_INCOMPLETE
        faults = Counter(fault for fault in map(self.check, findings) if fault is not None)
        if 2 * faults.total() < len(findings):
            return None
        return max(sorted(faults), key=faults.__getitem__)

    def check(self, one: DepthFindings) -> str | None:
        """Return None where one map shows a face, else why not."""
        lengths = (one.relief, one.cheek_relief, one.profile_relief, one.plane_residual, one.eye_distance_mm)
        # written so that NaN never passes
        if not (one.holes <= self.most_holes and all(map(math.isfinite, lengths))):
            return DEPTH_ABSENT
        if one.relief <= -self.min_relief:
            return DEPTH_INVERTED
        if not self._stands_out(one):
            return DEPTH_FLAT
        nearest, farthest = self.eyes_apart_mm
        if one.relief > self.max_relief or not nearest <= one.eye_distance_mm <= farthest:
            return DEPTH_SCALE
        return None

    def _stands_out(self, one: DepthFindings) -> bool:
        return (
            one.relief >= self.min_relief
            and one.cheek_relief >= self.min_cheek_relief
            and one.profile_relief >= self.min_profile_relief
            and one.plane_residual >= self.min_plane_residual
        )


def _repeated(findings: Sequence[DepthFindings]) -> bool:
    """Say whether one map came twice: a sensor's noise makes every map another one."""
    seen: set[object] = set()
    for one in findings:
        same = one if one.mark is None else one.mark
        if same in seen:
            return True
        seen.add(same)
    return False
