"""From pictures of many people to what similarities mean: impostor and genuine distributions, a likelihood ratio.

Each pair of people weighs the same, however many pictures they have: somebody photographed a hundred times is one
person who resembles another. Everything is a function of the scores, the same numbers every time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from application.evaluation.tail import Exceedances
from domain.errors import InvalidInputError
from domain.policies.enrolling import mean_template

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from domain.biometrics import Embedding

CAPTURES: Final = 5
"""Pictures averaged in a template: as few as an enrolment takes."""

GROUP: Final = 3
"""Pictures averaged in a probe: as many usable frames as the service waits for at least."""

MAX_REFERENCES: Final = 2000
"""Single pictures that everything else is compared with: pairs of people by the million, and memory in bounds."""

MIN_TEMPLATES: Final = 20
MIN_GENUINE: Final = 100
MIN_PAIRS: Final = 10_000
"""With fewer pairs of people the tail would have to begin where one comparison in a hundred matches."""

PRIOR: Final = 0.01
"""The likelihood ratio is fitted where it decides: about where one in a hundred people of a department is in question.
A fit to both classes alike is right in their middle and far too modest at the thresholds."""

LEAST_FNMR: Final = 0.001
ITERATIONS: Final = 50
STEP_DONE: Final = 1e-10

METHOD: Final = (
    "Each pair of people weighs the same. Points are FMR, threshold and the upper 95 % bound of the threshold over 200 "
    "resamplings of people: counted down to measured_to, below it from an exponential tail (mean excess). "
    "Log-likelihood ratio: logistic regression on the similarity, fitted at a prior of 0.01."
)


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Scores of probes (rows) against references (columns), float32 (n, m), and whose they are (int64, (n,), (m,)).

    ``fresh`` bool (n,): the probe is in no reference.
    """

    scores: NDArray[np.float32]
    probes: NDArray[np.int64]
    references: NDArray[np.int64]
    fresh: NDArray[np.bool_]


def calibrate(people: Mapping[str, Sequence[Embedding]]) -> dict[str, Any]:
    """Return the distributions of these people's pictures as JSON values, thresholds rounded up to four decimals.

    ``template``: every picture against the mean of five pictures; ``averaged``: the mean of three against that;
    ``single``: every picture against the first picture of others. Raises ``InvalidInputError`` where there are too few
    people or pictures to say anything.
    """
    kinds = {"template": (CAPTURES, 1), "averaged": (CAPTURES, GROUP), "single": (1, 1)}
    found = {name: _kind(_compare(people, *kind), calibrated=name == "template") for name, kind in kinds.items()}
    return {"method": METHOD} | found


def _compare(people: Mapping[str, Sequence[Embedding]], captures: int, group: int) -> Comparisons:
    enrolled = [n for n, captured in enumerate(people.values()) if len(captured) >= captures][:MAX_REFERENCES]
    if len(enrolled) < MIN_TEMPLATES:
        raise InvalidInputError(
            f"a distribution needs at least {MIN_TEMPLATES} people with {captures} pictures or more"
        )
    everybody, templates = list(people.values()), {}
    for n in enrolled:
        templates[n] = mean_template(everybody[n][:captures]).vector
    probes, owners, fresh = [], [], []
    for n, captured in enumerate(everybody):
        split = captures if n in templates else 0
        for part, new in ((captured[:split], False), (captured[split:], True)):
            grouped = [mean_template(part[at : at + group]).vector for at in range(0, len(part) - group + 1, group)]
            probes += grouped
            owners += [n] * len(grouped)
            fresh += [new] * len(grouped)
    scores = np.stack(probes) @ np.stack([templates[n] for n in enrolled]).T
    for vector in (*probes, *templates.values()):
        vector.fill(0)
    return Comparisons(scores, np.asarray(owners), np.asarray(enrolled), np.asarray(fresh))


def _kind(compared: Comparisons, *, calibrated: bool) -> dict[str, Any]:
    """Return one kind of comparison; only a single picture against a template has a likelihood ratio."""
    own = compared.probes[:, np.newaxis] == compared.references
    genuine = compared.scores[own & compared.fresh[:, np.newaxis]].astype(np.float64)
    owners = np.repeat(compared.probes, own.sum(axis=1) * compared.fresh)
    if len(genuine) < (MIN_GENUINE if calibrated else 1):
        raise InvalidInputError(f"a distribution needs at least {MIN_GENUINE} comparisons of one and the same person")
    impostor = Exceedances(compared.scores, own, compared.probes, compared.references)
    if impostor.pairs < MIN_PAIRS:
        raise InvalidInputError(f"a distribution needs at least {MIN_PAIRS} pairs of different people")
    offset, slope = likelihood(genuine, _evenly(owners), *impostor.sample) if calibrated else (0.0, 0.0)
    ratio = {"calibration": {"offset": round(offset, 4), "slope": round(slope, 4)}}
    return {
        "comparisons": {
            "impostor": int((~own).sum()),
            "impostor_pairs": impostor.pairs,
            "genuine": len(genuine),
            "genuine_people": len(np.unique(owners)),
        },
        "impostor": impostor.document(),
        "genuine": _missed(genuine, _evenly(owners)),
        **(ratio if calibrated else {}),
    }


def likelihood(
    genuine: NDArray[np.float64],
    genuine_weights: NDArray[np.float64],
    impostor: NDArray[np.float64],
    impostor_weights: NDArray[np.float64],
) -> tuple[float, float]:
    """Return offset and slope of the log-likelihood ratio: logistic regression by Newton's method.

    Classes are weighted as if genuine comparisons were a share ``PRIOR`` of all; the fitted log-odds less the prior's
    are the log-likelihood ratio (Brummer and du Preez 2006). Targets are smoothed after Platt (1999), in proportion to
    the prior, so that classes which do not overlap give finite numbers too.
    """
    scores = np.concatenate([genuine, impostor])
    weights = np.concatenate(
        [
            PRIOR * genuine_weights / genuine_weights.sum(),
            (1 - PRIOR) * impostor_weights / impostor_weights.sum(),
        ]
    )
    hits, misses = len(genuine), len(impostor)
    wanted = np.concatenate([np.full(hits, 1 - PRIOR / (hits + 2)), np.full(misses, PRIOR / (misses + 2))])
    design = np.stack([np.ones_like(scores), scores])
    fitted = np.zeros(2)
    for _ in range(ITERATIONS):
        expected = 0.5 * (1 + np.tanh(fitted @ design / 2))
        curvature = (design * (weights * expected * (1 - expected))) @ design.T
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), design @ (weights * (wanted - expected)))
        # A whole Newton step can overshoot from the start, where the curve is flat.
        fitted = fitted + np.clip(step, -10, 10)
        if np.abs(step).max() < STEP_DONE:
            break
    return float(fitted[0] - math.log(PRIOR / (1 - PRIOR))), float(fitted[1])


def _missed(genuine: NDArray[np.float64], weights: NDArray[np.float64]) -> dict[str, Any]:
    """Return (threshold, FNMR): thresholds in hundredths, from the first that misses anybody worth a thousandth."""
    order = np.argsort(genuine)
    below = np.concatenate([[0.0], np.cumsum(weights[order]) / weights.sum()])
    thresholds = np.arange(0, 100) / 100
    rates = below[np.searchsorted(genuine[order], thresholds, side="left")]
    points = [[float(t), round(float(r), 5)] for t, r in zip(thresholds, rates, strict=True) if r >= LEAST_FNMR]
    return {"points": points}


def _evenly(owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return weights that sum to one for each owner."""
    _, place, counts = np.unique(owners, return_inverse=True, return_counts=True)
    return np.asarray(1 / counts[place], np.float64)
