"""Clips shown to the very evidence that serves: who would be let through to the match, and why not the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Protocol

import numpy as np

from application.evaluation.clips import BONA_FIDE, Clip
from application.evaluation.intervals import Rate, rate
from application.ports.challenges import Challenges
from application.ports.clock import Clock
from application.ports.vision import FrameJudge
from application.services import Policies
from application.witness import Witness
from domain.policies.liveness import ACTIVE, CHALLENGE_FAILED, PASSIVE, Gathering, Insufficient, Sufficient, Verdict

Frames = Iterable[tuple[float, Callable[[], bytes]]]
"""Milliseconds, and how to have the encoded picture."""

JUDGED_FPS: Final = 15.0
"""Frames judged a second at most: the service's own default."""

SLACK_MS: Final = 5.0


class MovableClock(Clock, Protocol):
    """A clock that is told how much time passed."""

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that a clip is shown to: what a service would have, and a clock that follows the clip."""

    judge: FrameJudge
    policies: Policies
    challenges: Challenges
    clock: MovableClock


@dataclass(frozen=True, slots=True)
class SessionResult:
    """How one session ended. ``code`` is what the client would hear ("ok" for evidence that suffices)."""

    accepted: bool
    code: str
    reason: str | None
    seconds: float
    mode: str
    done: int
    evidence: Mapping[str, Any]
    steps_ms: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def policies_for(clip: Clip, policies: Policies) -> Policies:
    """Return the rules under which a clip is shown: active where its movements are known, passive else."""
    evidence = replace(policies.evidence, mode=ACTIVE if clip.steps else PASSIVE, steps=len(clip.steps))
    return replace(policies, evidence=evidence, movements=clip.steps or policies.movements)


def show(frames: Frames, stage: Stage) -> SessionResult:
    """Show all frames of a clip, in its own time, until there is a decision; the last one is final.

    What decodes to nothing is a damaged frame, as on the network. Raises ``ImageError`` where there is no frame at all.
    """
    witness, begun, at_ms, due = Witness(stage), None, 0.0, float("-inf")
    steps: list[Mapping[str, float]] = []
    verdict: Verdict = Gathering(0, 1)
    try:
        for at_ms, picture in frames:
            begun = at_ms if begun is None else begun
            passed = timedelta(milliseconds=at_ms - begun) - timedelta(seconds=stage.clock.monotonic())
            stage.clock.advance(max(passed, timedelta(0)))
            stamp = witness.stamp(at_ms)
            if due > at_ms >= due - 1000 / JUDGED_FPS:
                continue
            due = at_ms + 1000 / JUDGED_FPS - SLACK_MS
            seen = len(witness.watch.frames)
            witness.take(picture(), stamp, None)
            steps += [frame.steps_ms for frame in witness.watch.frames[seen:]]
            verdict = witness.verdict()
            if not isinstance(verdict, Gathering):
                break
        if isinstance(verdict, Gathering):
            verdict = witness.verdict(last=True)
        return _result(witness, verdict, stage, seconds=(at_ms - (begun or 0.0)) / 1000, steps=steps)
    finally:
        witness.wipe()


def _result(
    witness: Witness, verdict: Verdict, stage: Stage, *, seconds: float, steps: Sequence[Mapping[str, float]]
) -> SessionResult:
    refusal = verdict if isinstance(verdict, Insufficient) else None
    accepted = isinstance(verdict, Sufficient)
    summary = witness.summary(verdict.decision if isinstance(verdict, Sufficient) else None)
    evidence = {name: getattr(summary, name) for name in summary.__slots__}
    return SessionResult(
        accepted=accepted,
        code=refusal.code if refusal else "ok" if accepted else CHALLENGE_FAILED,
        reason=refusal.reason if refusal else None,
        seconds=round(seconds, 3),
        mode=stage.policies.evidence.mode,
        done=witness.watch.segment if stage.policies.evidence.mode == ACTIVE else 0,
        evidence=evidence,
        steps_ms={
            name: round(float(np.median([one[name] for one in steps if name in one])), 3)
            for name in sorted({name for one in steps for name in one})
        },
    )


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """Error rates over all clips: ``apcer`` by species, ``bpcer`` over the live ones; None where there are none."""

    apcer: Mapping[str, Rate]
    bpcer: Rate | None
    movements: Mapping[str, tuple[int, int]]
    reasons: Mapping[str, Mapping[str, int]]

    @property
    def apcer_worst(self) -> float | None:
        """The worst species' rate (ISO/IEC 30107-3)."""
        return max((found.value for found in self.apcer.values()), default=None)


def figures(clips: Sequence[Clip], results: Sequence[SessionResult]) -> SessionFigures:
    """Count. ``movements`` are (seen, asked) over the live clips; ``reasons`` count endings by species."""
    both = list(zip(clips, results, strict=True))
    species = sorted({clip.species for clip in clips if clip.attack})
    live = [result for clip, result in both if not clip.attack]
    asked: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for clip, result in both:
        if not clip.attack:
            seen.update(clip.steps[: result.done])
            asked.update(clip.steps[: result.done + (0 if result.accepted else 1)])
    return SessionFigures(
        apcer={
            kind: rate(np.array([result.accepted for clip, result in both if clip.species == kind])) for kind in species
        },
        bpcer=rate(np.array([not result.accepted for result in live])) if live else None,
        movements={step: (seen[step], count) for step, count in sorted(asked.items())},
        reasons={
            kind: dict(Counter(result.reason or "ok" for clip, result in both if clip.species == kind))
            for kind in (BONA_FIDE, *species)
        },
    )
