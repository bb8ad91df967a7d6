"""From the findings of all frames to sufficient evidence or a named refusal.

The session decides, not the frame: the median of the presentation attack scores over all usable frames must pass, no
stretch of frames may fail, and the decision frame must pass by itself, so that live frames never excuse a later fake
one. ``Watch`` keeps what one attempt showed; ``EvidencePolicy`` holds the numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from domain.attempt import Evidence
from domain.biometrics import FrameFindings

ACTIVE: Final = "active"
PASSIVE: Final = "passive"

PAD_THRESHOLD: Final = 0.2
"""Least probability of a live person where the models bring no threshold of their own."""

LIVENESS_FAILED: Final = "liveness_failed"
PRESENTATION_ATTACK: Final = "presentation_attack"
CHALLENGE_FAILED: Final = "challenge_failed"
QUALITY_TOO_LOW: Final = "quality_too_low"

LATEST_BELOW: Final = "latest_frame_below_threshold"

STRETCH: Final = 7
"""Usable frames, about half a second: no stretch of that length may have a median that fails."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """Not enough yet: ``step`` of ``of`` are done; ``guidance`` is what the person is to do now, if anything."""

    step: int
    of: int
    guidance: str | None = None


@dataclass(frozen=True, slots=True)
class Sufficient:
    """Allowance to match: ``decision`` is the index (into the judged frames) of the frame that must stand alone."""

    decision: int


@dataclass(frozen=True, slots=True)
class Insufficient:
    """Refusal: public code and the officer's reason."""

    code: str
    reason: str


Verdict = Gathering | Sufficient | Insufficient


@dataclass(frozen=True, slots=True)
class EvidencePolicy:
    """How much must be seen, and how live it must look.

    ``mode`` is active (movements are asked for) or passive. Passive: ``min_usable`` frames are always waited for, and
    ``observe_ms`` where the client says when it took them; while the evidence does not pass, ``max_usable`` frames or
    three times that long are taken, then the attempt is refused. Active: ``steps`` movements, each within ``step_ms``.
    """

    mode: str = PASSIVE
    min_usable: int = 3
    max_usable: int = 6
    observe_ms: float = 1_200.0
    steps: int = 2
    step_ms: float = 10_000.0
    pad_threshold: float = PAD_THRESHOLD

    def passes(self, frame: FrameFindings) -> bool:
        """Say whether this frame alone would do: a live person, fit to be recognised."""
        return frame.fit and pad_of(frame) >= self.pad_threshold

    def decision_frame(self, frames: Sequence[FrameFindings]) -> int | None:
        """Return the index of the frame to decide on: of those that pass alone the best, of equals the latest."""
        alone = (i for i, frame in enumerate(frames) if self.passes(frame))
        return max(alone, key=lambda i: (quality_of(frames[i]), i), default=None)

    def attack_in(self, usable: Sequence[FrameFindings]) -> str | None:
        """Return why these frames, in order, do not show a live person throughout, None where they do."""
        pads = [pad_of(frame) for frame in usable]
        if not pads:
            return None
        if median(pads) < self.pad_threshold:
            return "median_below_threshold"
        stretches = (pads[at : at + STRETCH] for at in range(len(pads) - STRETCH + 1))
        if any(median(stretch) < self.pad_threshold for stretch in stretches):
            return "stretch_below_threshold"
        return LATEST_BELOW if pads[-1] < self.pad_threshold else None


def pad_of(frame: FrameFindings) -> float:
    """Return the presentation attack score of a usable frame; nothing judged counts as an attack."""
    return -1.0 if frame.pad is None or math.isnan(frame.pad) else frame.pad


def quality_of(frame: FrameFindings) -> float:
    """Return the quality score of a frame, 0 for none."""
    return 0.0 if frame.quality is None else frame.quality.score


def commonest_reason(frames: Sequence[FrameFindings]) -> str | None:
    """Return the reason code that made most frames unusable, or unfit to recognise somebody by."""
    reasons = Counter(reason for frame in frames if (reason := frame.reason or unfit_of(frame)))
    return reasons.most_common(1)[0][0] if reasons else None


def unfit_of(frame: FrameFindings) -> str | None:
    """Return why a usable face is no good to recognise somebody by, None where it is."""
    return frame.quality.unfit if frame.quality is not None else None


Draw = Callable[[], tuple[str, ...]]
"""Gives the movements to ask for, anew each time."""


@dataclass(slots=True)
class FrameLog:
    """All findings of an attempt, and how many frames never got that far."""

    frames: list[FrameFindings] = field(default_factory=list)
    received: int = 0
    dropped: int = 0
    invalid: Counter[str] = field(default_factory=Counter)

    def summary(
        self,
        decision: int | None = None,
        *,
        challenge: Sequence[str] = (),
        restarts: Counter[str] | None = None,
        parallax: float | None = None,
    ) -> Evidence:
        """Return the numbers for the attempt's history; ``decision`` is the index of the frame that was decided on."""
        usable = [frame for frame in self.frames if frame.usable]
        pads = [pad_of(frame) for frame in usable]
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
            challenge=list(challenge),
            restarts=dict(sorted((restarts or Counter()).items())),
            parallax=None if parallax is None else round(parallax, 4),
            evidence=_medians(usable),
            depth_frames=sum(frame.depth is not None for frame in self.frames),
        )


def _medians(frames: Sequence[FrameFindings]) -> dict[str, float]:
    names = sorted({name for frame in frames for name in frame.evidence})
    return {name: round(median(f.evidence[name] for f in frames if name in f.evidence), 4) for name in names}
