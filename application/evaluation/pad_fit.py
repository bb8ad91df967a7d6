"""Fits the model that fuses the evidence of life: logistic regression with weights of 0 or more.

Pure numpy in float64 to convergence, then rounded: the same data give the same numbers, whatever order they come in.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from domain.errors import InvalidInputError
from domain.policies.life import LIMIT, LifeModel, Term, probability_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

PRIOR_WEIGHT: Final = 0.5
"""What one deviation of any evidence is held to be worth, in log-odds, until data say otherwise. Evidence that the data
are silent about (no moire in them) keeps it."""

PRIOR_FILES: Final = 1.0
"""How many files the prior is worth, beside those of the smaller of both kinds: little data move it little."""

LEAST_DEVIATION: Final = 0.25
"""What spreads less than this in the data is scaled by this; most evidence is in natural logarithms."""

BONA_FIDE_QUANTILE: Final = 0.01
ATTACK_QUANTILE: Final = 0.999
"""The threshold is halfway, in log-odds, between the score that 1 % of bona fide presentations stay below and the one
that 0.1 % of the worst species of attack reach."""

DIGITS: Final = 6
CONVERGED: Final = 1e-11
NEWTON_STEPS: Final = 200
SWEEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Example:
    """Evidence of one presentation. ``species`` is "" for a live person.

    ``source`` names the set that it comes from, ``file`` the picture or clip within.
    """

    evidence: Mapping[str, float]
    species: str
    source: str
    file: str


def fit(examples: Sequence[Example]) -> LifeModel:
    """Return the model that fits best, threshold included.

    Examples count as ``shares`` says. Raises ``InvalidInputError`` without examples of both.
    """
    live = np.array([not example.species for example in examples], bool)
    if live.all() or not live.any():
        raise InvalidInputError("fitting needs judged presentations of live people and of attacks")
    names = sorted(examples[0].evidence)
    ordered = sorted(examples, key=lambda e: (e.species, e.source, e.file, [e.evidence[name] for name in names]))
    live = np.array([not example.species for example in ordered], bool)
    share = shares(ordered)
    values = np.array([[example.evidence[name] for name in names] for example in ordered], np.float64)
    mean = share @ values
    deviation = np.maximum(np.sqrt(share @ (values - mean) ** 2), LEAST_DEVIATION)
    mean, deviation = (np.array([rounded(v) for v in part]) for part in (mean, deviation))
    standard = np.clip((values - mean) / deviation, -LIMIT, LIMIT)
    weights = non_negative_logistic(standard, live, share, stiffness=stiffness(ordered))
    terms = {
        name: Term(float(mean[i]), float(deviation[i]), rounded(float(weights[i]))) for i, name in enumerate(names)
    }
    unset = LifeModel(terms, rounded(float(weights[-1])), 0.5)
    return LifeModel(terms, unset.intercept, rounded(probability_of(_between(unset, ordered, share))))


def shares(examples: Sequence[Example]) -> Vector:
    """Return what share of the total each example counts, float64 (n,), sum 1.

    Halved between live and attack, then divided evenly among species, sources, files and frames, level by level.
    """
    ways = [(not e.species, e.species, e.source, e.file, place) for place, e in enumerate(examples)]
    share = np.ones(len(ways))
    for depth in range(len(ways[0])):
        branches = Counter(way[:depth] for way in {way[: depth + 1] for way in ways})
        share /= [branches[way[:depth]] for way in ways]
    return share


def stiffness(examples: Sequence[Example]) -> float:
    """Return what a weight's squared distance from the prior costs, beside the mean loss per presentation."""
    files = {(not e.species, e.source, e.file) for e in examples}
    live = sum(way[0] for way in files)
    return PRIOR_FILES / min(live, len(files) - live)


def non_negative_logistic(values: Vector, live: NDArray[np.bool_], share: Vector, *, stiffness: float) -> Vector:
    """Return weights and, last, the intercept: float64 (m + 1,), of standardised ``values`` float64 (n, m).

    Minimises the mean logistic loss plus the prior's cost under weights >= 0: a convex problem with one solution.
    Projected Newton: each step solves the quadratic model by coordinate descent with clipping, halved while it does not
    help.
    """
    design = np.column_stack([values, np.ones(len(values))])
    hold = np.append(np.full(values.shape[1], stiffness), 0.0)
    found = np.append(np.full(values.shape[1], PRIOR_WEIGHT), 0.0)
    prior = found.copy()
    sign = np.where(live, 1.0, -1.0)

    def cost(weights: Vector) -> float:
        return float(share @ np.logaddexp(0.0, -sign * (design @ weights)) + hold @ (weights - prior) ** 2 / 2)

    for _ in range(NEWTON_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -500, 500)))
        slope = design.T @ (share * (chance - live)) + hold * (found - prior)
        bend = (design * (share * chance * (1 - chance))[:, np.newaxis]).T @ design + np.diag(hold + 1e-12)
        step = _clipped_descent(found, slope, bend) - found
        while cost(found + step) > cost(found) and np.abs(step).max() > CONVERGED:
            step /= 2
        found = found + step
        if np.abs(step).max() <= CONVERGED:
            break
    return np.append(np.maximum(found[:-1], 0.0), found[-1])


def _clipped_descent(start: Vector, slope: Vector, bend: Vector) -> Vector:
    """Minimise slope · d + d · bend · d / 2 over start + d, all but the last of which stay at 0 or above."""
    point = start.copy()
    for _ in range(SWEEPS):
        before = point.copy()
        for i in range(len(point)):
            point[i] -= (slope[i] + bend[i] @ (point - start)) / bend[i, i]
            if i < len(point) - 1:
                point[i] = max(point[i], 0.0)
        if np.abs(point - before).max() <= CONVERGED / 10:
            break
    return point


def _between(model: LifeModel, examples: Sequence[Example], share: Vector) -> float:
    """Return the log-odds halfway between live people's low quantile and the worst attack species' high one."""
    scores = np.array([model.log_odds(example.evidence) for example in examples])
    species = np.array([example.species for example in examples])
    low = quantile(scores[species == ""], share[species == ""], BONA_FIDE_QUANTILE)
    high = max(
        quantile(scores[species == kind], share[species == kind], ATTACK_QUANTILE) for kind in set(species) - {""}
    )
    return (low + high) / 2


def quantile(scores: Vector, share: Vector, level: float) -> float:
    """Return the least score that at least a share ``level`` of the total weight lies at or below."""
    order = np.argsort(scores, kind="stable")
    risen = np.cumsum(share[order]) / share.sum()
    return float(scores[order][min(int(np.searchsorted(risen, level - 1e-12)), len(scores) - 1)])


def rounded(value: float) -> float:
    """Return the value to six significant digits: less than that is not known, and differs between machines."""
    return float(f"{value:.{DIGITS}g}")
