"""Error rates of ISO/IEC 19795-1 (recognition) and 30107-3 (attack detection), as plain functions of scores.

A score is accepted when it is at or above the threshold. Every comparison or presentation that was tried is in the
arrays: one that gave no score (failure to acquire) is ``FAILED``, which no threshold accepts, so that it counts as a
non-match and is never dropped. Arrays are float64, shape (n,), without NaN; empty ones raise ``ValueError``.

The terms of attack detection are the same counts under other names: with scores of which a higher one speaks for a live
person, APCER is ``share_accepted`` of attack presentations and BPCER ``share_refused`` of bona fide ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Scores = NDArray[np.float64]
    Given = ArrayLike | Sequence[float | None]

FAILED: Final = -np.inf
"""The score of a try that gave none."""

ROUNDING: Final = 1e-9
"""0.29 times 100 is a little less than 29 in binary; a target rate that allows 29 errors must allow them."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Both error rates at every threshold that makes a difference, ascending: a DET curve (ISO/IEC 19795-1).

    ``thresholds``, ``false_accept`` and ``false_reject`` are float64, shape (n,); the last threshold accepts nothing.
    """

    thresholds: Scores
    false_accept: Scores
    false_reject: Scores


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold does: ``target`` is the rate that it was chosen for, None for a threshold that was given."""

    threshold: float
    false_accept: float
    false_reject: float
    target: float | None = None


def as_scores(values: Given) -> Scores:
    """Return scores as an array; None and NaN become ``FAILED``. Raises ``ValueError`` when there are none."""
    scores = np.asarray(values, dtype=np.float64).reshape(-1)
    if scores.size == 0:
        raise ValueError("an error rate needs at least one score")
    return np.where(np.isnan(scores), FAILED, scores)


def share_accepted(scores: Given, threshold: float) -> float:
    """Return the share of scores at or above the threshold: FMR of impostor pairs, FPIR of non-mated searches' best."""
    return float(np.mean(as_scores(scores) >= threshold))


def share_refused(scores: Given, threshold: float) -> float:
    """Return the share of scores below the threshold, failures included: FNMR of genuine pairs."""
    return float(np.mean(as_scores(scores) < threshold))


def threshold_for(scores: Given, target: float) -> float:
    """Return the smallest threshold that accepts at most a share ``target`` (0 or more, below 1) of these scores.

    Just above the highest score that must be refused, and above everything equal to it: the measured rate is at most
    the target, and with fewer than 1 / target scores it is 0. Raises ``ValueError`` for another target, and where no
    score at all is finite.
    """
    known = as_scores(scores)
    if not 0 <= target < 1:
        raise ValueError("a target rate is at least 0 and below 1")
    finite = known[np.isfinite(known)]
    if finite.size == 0:
        raise ValueError("no comparison gave a score")
    allowed = int(np.floor(target * known.size + ROUNDING))
    highest_refused = np.sort(known)[::-1][allowed]
    if not np.isfinite(highest_refused):
        return float(finite.min())
    return float(np.nextafter(highest_refused, np.inf))


def curve(genuine: Given, impostor: Given) -> Curve:
    """Return both error rates at every distinct finite score, and just above the highest one."""
    accept, reject = np.sort(as_scores(impostor)), np.sort(as_scores(genuine))
    seen = np.unique(np.concatenate([accept, reject]))
    seen = seen[np.isfinite(seen)]
    if seen.size == 0:
        raise ValueError("no comparison gave a score")
    thresholds = np.append(seen, np.nextafter(seen[-1], np.inf))
    return Curve(
        thresholds,
        1 - np.searchsorted(accept, thresholds, side="left") / accept.size,
        np.searchsorted(reject, thresholds, side="left") / reject.size,
    )


def equal_error(genuine: Given, impostor: Given) -> OperatingPoint:
    """Return the threshold where both error rates are nearest to each other; their mean there is the EER.

    Of several such thresholds the one with the lesser rates counts, then the lowest.
    """
    found = curve(genuine, impostor)
    apart = np.abs(found.false_accept - found.false_reject)
    best = int(np.lexsort((found.false_accept + found.false_reject, apart))[0])
    return OperatingPoint(
        float(found.thresholds[best]), float(found.false_accept[best]), float(found.false_reject[best])
    )


def eer(genuine: Given, impostor: Given) -> float:
    """Return the equal error rate: the mean of both rates at ``equal_error``'s threshold."""
    point = equal_error(genuine, impostor)
    return (point.false_accept + point.false_reject) / 2


def operating_point(genuine: Given, impostor: Given, target: float) -> OperatingPoint:
    """Return the point with the smallest threshold whose measured false accept rate is at most ``target``."""
    threshold = threshold_for(impostor, target)
    return OperatingPoint(threshold, share_accepted(impostor, threshold), share_refused(genuine, threshold), target)


def best_threshold(scores: Given, genuine: NDArray[np.bool_]) -> float:
    """Return the threshold with the most right decisions: of equally good gaps between scores the middle one's middle.

    ``genuine`` is bool, shape (n,): which of the scores are of one person.
    """
    known = as_scores(scores)
    seen = np.unique(known[np.isfinite(known)])
    if seen.size == 0:
        raise ValueError("no comparison gave a score")
    between = np.concatenate([[seen[0]], (seen[:-1] + seen[1:]) / 2, [np.nextafter(seen[-1], np.inf)]])
    mated, other = np.sort(known[genuine]), np.sort(known[~genuine])
    right = mated.size - np.searchsorted(mated, between) + np.searchsorted(other, between)
    best = np.flatnonzero(right == right.max())
    return float(between[best[len(best) // 2]])


def fold_accuracies(scores: Given, genuine: NDArray[np.bool_], folds: NDArray[np.int64]) -> Scores:
    """Return the share of right decisions in each fold, at the best threshold of all other folds.

    The protocol of "Labeled Faces in the Wild" (Huang et al. 2007), whose figure is the mean; its standard error is
    the standard deviation over the square root of the number of folds. ``folds`` int64, shape (n,), at least two
    different numbers. Raises ``ValueError`` otherwise.
    """
    known, numbers = as_scores(scores), np.unique(folds)
    if numbers.size < 2:  # noqa: PLR2004 - one fold leaves nothing to choose a threshold on
        raise ValueError("accuracy needs at least two folds")
    shares = []
    for number in numbers:
        held_out = folds == number
        threshold = best_threshold(known[~held_out], genuine[~held_out])
        shares.append(np.mean((known[held_out] >= threshold) == genuine[held_out]))
    return np.asarray(shares, np.float64)


def missed(mate: Given, best_other: Given, threshold: float) -> NDArray[np.bool_]:
    """Say of each mated search whether it does not return the mate first, at or above the threshold (FNIR, rank 1).

    ``mate`` is the score of the person's own entry, ``best_other`` the highest of all others, ``FAILED`` where there
    are none. Bool, shape (n,); its mean is the false-negative identification rate.
    """
    own, other = as_scores(mate), as_scores(best_other)
    return ~((own >= threshold) & (own > other))


def misidentified(mate: Given, best_other: Given, threshold: float) -> NDArray[np.bool_]:
    """Say of each mated search whether somebody else comes first, at or above the threshold. Bool, shape (n,)."""
    own, other = as_scores(mate), as_scores(best_other)
    return (other >= threshold) & (other >= own)
