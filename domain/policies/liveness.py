"""From the findings of all frames to sufficient evidence or a named refusal.

The session decides, not the frame: the median of the presentation attack scores over all usable frames must pass, and
the decision frame must pass by itself, so that two live frames never excuse a later fake one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from domain.attempt import Evidence
from domain.biometrics import FrameFindings

PAD_THRESHOLD: Final = 0.2
"""Least probability of a live person, for the median and for single frames. On the development data (ADR 0006) no
attack of 249 printed photographs reaches a tenth of it; of 250 webcam pictures of live people 0.4 % fall below it."""

LIVENESS_FAILED: Final = "liveness_failed"
PRESENTATION_ATTACK: Final = "presentation_attack"
QUALITY_TOO_LOW: Final = "quality_too_low"


@dataclass(frozen=True, slots=True)
class Gathering:
    """Not enough yet."""

    step: int
    of: int


@dataclass(frozen=True, slots=True)
class Sufficient:
    """Allowance to match: ``decision`` is the index (into the judged frames) of the frame to embed."""

    decision: int


@dataclass(frozen=True, slots=True)
class Insufficient:
    """Refusal: public code and the officer's reason."""

    code: str
    reason: str


Verdict = Gathering | Sufficient | Insufficient


@dataclass(frozen=True, slots=True)
class EvidencePolicy:
    """How many usable frames, and how live they must look.

    ``min_usable`` frames are always waited for; while the evidence does not pass, up to ``max_usable`` are taken, then
    the attempt is refused.
    """

    min_usable: int = 3
    max_usable: int = 6
    pad_threshold: float = PAD_THRESHOLD

    def decide(self, frames: Sequence[FrameFindings], *, last: bool = False) -> Verdict:
        """Decide on all frames judged so far, in order; ``last`` says that no more will come."""
        usable = [frame for frame in frames if frame.usable]
        if len(usable) < self.min_usable:
            return self._unfinished(frames, usable_count=len(usable), last=last)
        pads = [pad_of(frame) for frame in usable]
        decision = self.decision_frame(frames)
        if decision is not None and median(pads) >= self.pad_threshold and pads[-1] >= self.pad_threshold:
            return Sufficient(decision)
        if last or len(usable) >= self.max_usable:
            reason = "median_below_threshold" if median(pads) < self.pad_threshold else "latest_frame_below_threshold"
            return Insufficient(PRESENTATION_ATTACK, reason)
        return Gathering(self.min_usable - 1, self.min_usable)

    def decision_frame(self, frames: Sequence[FrameFindings]) -> int | None:
        """Return the index of the frame to embed: of those that pass by themselves the best, of equals the latest."""
        alive = (i for i, frame in enumerate(frames) if frame.usable and pad_of(frame) >= self.pad_threshold)
        return max(alive, key=lambda i: (quality_of(frames[i]), i), default=None)

    def _unfinished(self, frames: Sequence[FrameFindings], *, usable_count: int, last: bool) -> Verdict:
        if not last:
            return Gathering(usable_count, self.min_usable)
        if any(frame.usable for frame in frames):
            return Insufficient(LIVENESS_FAILED, "too_few_usable_frames")
        return Insufficient(QUALITY_TOO_LOW, commonest_reason(frames) or "no_frames")


def pad_of(frame: FrameFindings) -> float:
    """Return the presentation attack score of a usable frame; nothing judged counts as an attack."""
    return -1.0 if frame.pad is None or math.isnan(frame.pad) else frame.pad


def quality_of(frame: FrameFindings) -> float:
    """Return the quality score of a frame, 0 for none."""
    return 0.0 if frame.quality is None else frame.quality.score


def commonest_reason(frames: Sequence[FrameFindings]) -> str | None:
    """Return the reason code that made most frames unusable."""
    reasons = Counter(frame.reason for frame in frames if frame.reason)
    return reasons.most_common(1)[0][0] if reasons else None


@dataclass(slots=True)
class FrameLog:
    """All findings of an attempt, and how many frames never got that far."""

    frames: list[FrameFindings] = field(default_factory=list)
    received: int = 0
    dropped: int = 0
    invalid: Counter[str] = field(default_factory=Counter)

    def summary(self, decision: int | None = None) -> Evidence:
        """Return the numbers for the attempt's history; ``decision`` is the index of the frame that was embedded."""
        pads = [pad_of(frame) for frame in self.frames if frame.usable]
        chosen = self.frames[decision] if decision is not None else None
        reasons = self.invalid + Counter(frame.reason for frame in self.frames if frame.reason)
        return Evidence(
            frames_received=self.received,
            frames_judged=len(self.frames),
            frames_usable=len(pads),
            frames_dropped=self.dropped,
            pad_median=round(median(pads), 4) if pads else None,
            pad_lowest=round(min(pads), 4) if pads else None,
            pad_decision=round(pad_of(chosen), 4) if chosen else None,
            quality_decision=round(quality_of(chosen), 4) if chosen else None,
            reasons=dict(sorted(reasons.items())),
        )
