"""How sure a measured error rate is: bootstrap over subjects (ISO/IEC 19795-1, annex on uncertainty)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
RESAMPLES: Final = 1000
SEED: Final = 19795
BATCH: Final = 2_000_000
"""Weights drawn at once, as a count of numbers: keeps large evaluations within some tens of megabytes."""


@dataclass(frozen=True, slots=True)
class Rate:
    """``errors`` of ``trials``, with a 95 % interval (``low``, ``high``)."""

    errors: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The measured share."""
        return self.errors / self.trials


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of shares 0...1 with a 95 % interval (``low``, ``high``)."""

    value: float
    low: float
    high: float


def rate(wrong: NDArray[np.bool_], subjects: Sequence[Hashable] | None = None, *, seed: int = SEED) -> Rate:
    """Return the share of True with its interval.

    Tries of one subject stand or fall together, so whole subjects are drawn with replacement; without ``subjects``
    (shape (n,), any labels) every try is its own. Percentile bootstrap, seeded: the same data give the same interval.
    Where nothing or everything is wrong, resampling says nothing: then the bound is that of the "rule of 3", computed
    exactly (1 - 0.05^(1/n)) over subjects, which are what is independent. Raises ``ValueError`` without a single try.
    """
    flags = np.asarray(wrong, dtype=bool).reshape(-1)
    found = mean(flags.astype(np.float64), subjects, seed=seed)
    return Rate(int(flags.sum()), flags.size, found.low, found.high)


def mean(shares: NDArray[np.float64], subjects: Sequence[Hashable] | None = None, *, seed: int = SEED) -> Mean:
    """Return the mean of ``shares`` (float64, shape (n,), 0...1 each) with its interval, made as ``rate``'s is."""
    values = np.asarray(shares, np.float64).reshape(-1)
    if values.size == 0:
        raise ValueError("an error rate needs at least one try")
    groups = np.arange(values.size) if subjects is None else _numbered(subjects)
    trials = np.bincount(groups).astype(np.float64)
    errors = np.bincount(groups, weights=values).astype(np.float64)
    unseen = float(1 - (1 - CONFIDENCE) ** (1 / trials.size))
    if not values.any():
        return Mean(0.0, 0.0, unseen)
    if (values == 1).all():
        return Mean(1.0, 1 - unseen, 1.0)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(_resampled(errors, trials, seed), [tail, 1 - tail])
    return Mean(float(values.mean()), float(low), float(high))


def _numbered(subjects: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.asarray([numbers.setdefault(subject, len(numbers)) for subject in subjects], np.int64)


def _resampled(errors: NDArray[np.float64], trials: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Return the error rate of each resample, float64 (RESAMPLES,). Draws every group with the same probability."""
    random, count = np.random.default_rng(seed), errors.size
    rows = max(1, BATCH // count)
    shares = []
    for first in range(0, RESAMPLES, rows):
        weights = random.multinomial(count, np.full(count, 1 / count), size=min(rows, RESAMPLES - first))
        shares.append(weights @ errors / (weights @ trials))
    return np.concatenate(shares)
