"""The highest scores of people who are not each other: counted where there are enough, a tail where there are not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HIGHEST_FMR: Final = 0.01
LOWEST_FMR: Final = 1e-8
PER_DECADE: Final = 20
"""The table of points: no policy asks for more than one false match in a hundred, none for fewer than in 10^8."""

ENOUGH: Final = 100
"""Pairs of people above a threshold that make its rate known to about 10 % (their square root)."""

MEASURED_ENOUGH: Final = 1e-4
"""However many pairs there are, the tail begins here at the latest: above it, twins and wrong labels weigh in."""

RESAMPLINGS: Final = 200
BOUND: Final = 0.95
HIGHEST_THRESHOLD: Final = 0.9999
SAMPLE: Final = 200_000
SEED: Final = 19795
"""Any number, always the same; this one is the standard's."""


class Exceedances:
    """The upper end of an impostor distribution, every pair of people with the same weight."""

    def __init__(
        self,
        scores: NDArray[np.float32],
        own: NDArray[np.bool_],
        probes: NDArray[np.int64],
        references: NDArray[np.int64],
    ) -> None:
        """Take scores (n, m) of probes against references, ``own`` those to leave out, and whose they are."""
        people, pictures = np.unique(probes, return_counts=True)
        self._people = int(people.max()) + 1
        self._probed = np.bincount(people, minlength=self._people)
        self._references = references
        self.pairs = int(len(people) * len(references) - np.isin(references, people).sum())
        shares = np.zeros(self._people)
        shares[people] = 1 / pictures
        others = ~own
        self.sample = _thinned(
            scores[others].astype(np.float64), np.broadcast_to(shares[probes, None], own.shape)[others]
        )
        least = float(np.quantile(self.sample[0], 1 - 4 * HIGHEST_FMR))
        rows, columns = np.nonzero((scores >= least) & others)
        order = np.argsort(-scores[rows, columns], kind="stable")
        rows, columns = rows[order], columns[order]
        self._scores = scores[rows, columns].astype(np.float64)
        self._sides = probes[rows], references[columns]
        self._shares = shares[probes[rows]]

    def document(self) -> dict[str, Any]:
        """Return points (FMR, threshold, its upper bound), how far they are counted, and the tail, as JSON values."""
        rates = [HIGHEST_FMR * 10 ** (-step / PER_DECADE) for step in range(self._steps() + 1)]
        begins = max(MEASURED_ENOUGH, ENOUGH / self.pairs)
        at = int(np.searchsorted(np.cumsum(self._shares), begins * self.pairs))
        found, scale = self._thresholds(self._shares, self.pairs, rates, at, begins)
        drawn = [self._thresholds(weights, total, rates, at, begins) for weights, total in self._resampled()]
        bounds = np.quantile(np.array([found, *(each for each, _ in drawn)]), BOUND, axis=0)
        scales = scale, float(np.quantile([scale for _, scale in drawn], BOUND))
        table = zip(rates, _monotone(found), _monotone(np.maximum(found, bounds)), strict=True)
        return {
            "points": [[_rate(rate), float(threshold), float(bound)] for rate, threshold, bound in table],
            "measured_to": _rate(next((r for r in reversed(rates) if r >= begins), HIGHEST_FMR)),
            "tail": {"shape": "exponential", "scale": float(_up(scales[0])), "scale_bound": float(_up(max(scales)))},
        }

    def _steps(self) -> int:
        return round(PER_DECADE * math.log10(HIGHEST_FMR / LOWEST_FMR))

    def _resampled(self) -> list[tuple[Floats, float]]:
        """Return weights of the scores and the sum over all pairs, with people drawn anew (both sides at once)."""
        rng, drawn = np.random.default_rng(SEED), []
        for _ in range(RESAMPLINGS):
            times = np.bincount(rng.integers(0, self._people, self._people), minlength=self._people)
            probed, enrolled = times * self._probed, times[self._references]
            total = float(probed.sum() * enrolled.sum() - (probed[self._references] * enrolled).sum())
            drawn.append((times[self._sides[0]] * times[self._sides[1]] * self._shares, total))
        return drawn

    def _thresholds(
        self, weights: Floats, total: float, rates: list[float], at: int, begins: float
    ) -> tuple[Floats, float]:
        """Return the threshold for each rate and the mean excess over score number ``at``, where the tail begins."""
        shares = np.cumsum(weights) / total
        level, above = self._scores[at], weights[: at + 1]
        scale = float((above * (self._scores[: at + 1] - level)).sum() / max(above.sum(), 1e-12))
        counted = self._scores[np.minimum(np.searchsorted(shares, rates, side="right"), len(self._scores) - 1)]
        beyond = level + scale * np.log(np.maximum(shares[at], 1e-12) / np.asarray(rates))
        return np.where(np.asarray(rates) >= begins, counted, beyond), scale


def _thinned(scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return every n-th of many scores with their weights: bulk enough for a fit."""
    step = max(1, len(scores) // SAMPLE)
    return scores[::step], weights[::step]


def _monotone(thresholds: Floats) -> Floats:
    """Return thresholds that never fall from a rate to a rarer one, rounded up, each one that a cosine can reach."""
    return np.minimum(np.maximum.accumulate(_up(thresholds)), HIGHEST_THRESHOLD)


def _up(values: Floats | float) -> Floats:
    """Round to four decimals, upwards: a rounded threshold lets nobody in whom the exact one keeps out."""
    return np.asarray(np.ceil(np.asarray(values) * 10_000 + 1e-6) / 10_000, np.float64)


def _rate(rate: float) -> float:
    return float(f"{rate:.4g}")
