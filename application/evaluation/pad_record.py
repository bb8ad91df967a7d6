"""What a file of fitted coefficients says of how it came about: no path, no time, so that a refit gives the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from application.evaluation import pad_fit
from application.evaluation.pad_fit import rounded
from domain.policies.life import LIMIT, LifeModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from application.evaluation.pad import Presentation
    from application.evaluation.pad_metrics import PadFigures

QUANTILES: Final = (0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0)
BONA_FIDE: Final = "bona_fide"


def provenance(
    model: LifeModel, shown: Sequence[Presentation], figures: PadFigures, *, data: str, per_second: float
) -> dict[str, Any]:
    """Return digest and counts of the data, the fit's settings, and its figures on the same data.

    ``data`` is a digest of contents and species. Log-odds are given at the quantiles of ``QUANTILES``.
    """
    return {
        "data": {"sha256": data, "frames_per_second": per_second, "presentations": _counts(shown)},
        "fit": {
            "prior_weight": pad_fit.PRIOR_WEIGHT,
            "prior_files": pad_fit.PRIOR_FILES,
            "least_deviation": pad_fit.LEAST_DEVIATION,
            "limit": LIMIT,
            "threshold_between": [pad_fit.BONA_FIDE_QUANTILE, pad_fit.ATTACK_QUANTILE],
        },
        "figures": {
            "apcer": {species: rounded(found.value) for species, found in figures.apcer.items()},
            "bpcer": rounded(figures.bpcer.value),
            "eer": rounded(figures.eer),
            "log_odds_quantiles": list(QUANTILES),
            "log_odds": _spreads(model, shown),
        },
    }


def _counts(shown: Sequence[Presentation]) -> dict[str, Any]:
    kinds: dict[str, list[Presentation]] = {}
    for one in shown:
        kinds.setdefault(one.species or BONA_FIDE, []).append(one)
    return {
        kind: {
            "sources": len({one.source for one in some}),
            "files": len({one.file for one in some}),
            "frames": len(some),
            "without_response": sum(one.score is None for one in some),
        }
        for kind, some in sorted(kinds.items())
    }


def _spreads(model: LifeModel, shown: Sequence[Presentation]) -> dict[str, list[float]]:
    kinds: dict[str, list[float]] = {}
    for one in shown:
        if one.score is not None:
            kinds.setdefault(one.species or BONA_FIDE, []).append(model.log_odds(one.evidence))
    return {kind: [rounded(float(v)) for v in np.quantile(some, QUANTILES)] for kind, some in sorted(kinds.items())}
