"""Error rates of presentation attack detection (ISO/IEC 30107-3) on single frames.

APCER: share of attack presentations accepted as live, by species; the worst species counts. One without a response is
not accepted, and stays in the count. BPCER: share of bona fide presentations refused, of those with a response.
Non-response is reported beside them: shares of presentations in which there was nothing to judge.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from application.evaluation.intervals import Rate, rate
from application.evaluation.metrics import as_scores, eer
from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from application.evaluation.pad import Presentation


@dataclass(frozen=True, slots=True)
class PadFigures:
    """What was measured. Frames of one clip stand or fall together in the intervals, pictures each by itself."""

    threshold: float
    apcer: Mapping[str, Rate]
    bpcer: Rate
    eer: float
    non_response: Mapping[str, Rate]
    reasons: Mapping[str, Mapping[str, int]]
    files: Mapping[str, int]
    steps_ms: Mapping[str, float]

    @property
    def apcer_worst(self) -> float:
        """That of the species that is detected worst, which ISO/IEC 30107-3 asks to report."""
        return max(rate.value for rate in self.apcer.values())

    def document(self) -> dict[str, Any]:
        """Return everything as it is printed: rates as shares 0...1, intervals as [low, high]."""
        return {
            "threshold": self.threshold,
            "apcer": {species: rate.value for species, rate in self.apcer.items()},
            "apcer_worst": self.apcer_worst,
            "bpcer": self.bpcer.value,
            "eer": self.eer,
            "non_response": {kind: rate.value for kind, rate in self.non_response.items()},
            "non_response_reasons": {kind: dict(reasons) for kind, reasons in self.reasons.items()},
            "counts": {
                "files": dict(self.files),
                "bona_fide": self.non_response["bona_fide"].trials,
                "attack": {species: rate.trials for species, rate in self.apcer.items()},
            },
            "intervals": {
                "confidence": 0.95,
                "apcer": {species: [rate.low, rate.high] for species, rate in self.apcer.items()},
                "bpcer": [self.bpcer.low, self.bpcer.high],
                "non_response": {kind: [rate.low, rate.high] for kind, rate in self.non_response.items()},
            },
            "steps_ms": dict(self.steps_ms),
        }


def measure(shown: Sequence[Presentation], threshold: float) -> PadFigures:
    """Return the figures at that threshold. Raises ``InvalidInputError`` where no live presentation was judged."""
    live = [one for one in shown if not one.species]
    attacks = [one for one in shown if one.species]
    judged = [one for one in live if one.score is not None]
    if not judged or not any(one.score is not None for one in attacks):
        raise InvalidInputError("no face could be judged in the pictures of live people, or in those of attacks")
    species = sorted({one.species for one in attacks})
    times: dict[str, list[float]] = {}
    for one in shown:
        for name, spent in one.steps_ms.items():
            times.setdefault(name, []).append(spent)
    return PadFigures(
        threshold=threshold,
        apcer={kind: _rate([one for one in attacks if one.species == kind], threshold) for kind in species},
        bpcer=_refused(judged, threshold),
        eer=eer(_scores(judged), _scores(attacks)),
        non_response={"bona_fide": _silent(live), "attack": _silent(attacks)},
        reasons={"bona_fide": _reasons(live), "attack": _reasons(attacks)},
        files={"bona_fide": len({one.file for one in live}), "attack": len({one.file for one in attacks})},
        steps_ms={name: round(median(spent), 3) for name, spent in times.items()},
    )


def _scores(shown: Sequence[Presentation]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return as_scores([one.score for one in shown])


def _rate(attacks: Sequence[Presentation], threshold: float) -> Rate:
    return rate(_scores(attacks) >= threshold, [one.file for one in attacks])


def _refused(judged: Sequence[Presentation], threshold: float) -> Rate:
    return rate(_scores(judged) < threshold, [one.file for one in judged])


def _silent(shown: Sequence[Presentation]) -> Rate:
    return rate(np.array([one.score is None for one in shown]), [one.file for one in shown])


def _reasons(shown: Sequence[Presentation]) -> dict[str, int]:
    counted = Counter(one.reason or "unknown" for one in shown if one.score is None)
    return dict(sorted(counted.items()))
