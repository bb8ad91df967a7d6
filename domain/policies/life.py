"""From named evidence to the probability that a live person is shown: a logistic model whose numbers were fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 3.0
"""No evidence counts for more than three deviations: nothing rare or broken can outvote all the rest."""


@dataclass(frozen=True, slots=True)
class Term:
    """One evidence: where it lies on average, how it spreads, and what one deviation is worth, in log-odds.

    ``deviation`` is above 0. ``weight`` is 0 or more: evidence argues in the direction that physics gives it, or not at
    all.
    """

    mean: float
    deviation: float
    weight: float

    def __post_init__(self) -> None:
        """Refuse numbers that would let evidence argue backwards, or nothing count at all."""
        finite = all(map(math.isfinite, (self.mean, self.deviation, self.weight)))
        if not finite or self.deviation <= 0 or self.weight < 0:
            raise ValueError("a term has finite numbers, a deviation above 0 and a weight of 0 or more")

    def log_odds(self, value: float) -> float:
        """Return what this value adds to the log-odds of a live person."""
        return self.weight * min(max((value - self.mean) / self.deviation, -LIMIT), LIMIT)


@dataclass(frozen=True, slots=True)
class LifeModel:
    """Evidence by name, fused; ``threshold`` is the least probability that a single frame must reach.

    The probability is at equal priors: as if attacks and live people were shown equally often.
    """

    terms: Mapping[str, Term]
    intercept: float
    threshold: float

    def __post_init__(self) -> None:
        """Refuse a model that decides without evidence, or lets everything or nothing through."""
        if not self.terms or not any(term.weight for term in self.terms.values()):
            raise ValueError("a model has evidence that counts")
        if not math.isfinite(self.intercept) or not 0.0 < self.threshold < 1.0:
            raise ValueError("a model has a finite intercept and a threshold between 0 and 1")

    def log_odds(self, evidence: Mapping[str, float]) -> float:
        """Return the log-odds of a live person.

        Raises ``ValueError`` unless the evidence is exactly that of the terms, and finite.
        """
        if evidence.keys() != self.terms.keys() or not all(map(math.isfinite, evidence.values())):
            raise ValueError("the evidence is not what the model was fitted on")
        return self.intercept + sum(term.log_odds(evidence[name]) for name, term in self.terms.items())

    def probability(self, evidence: Mapping[str, float]) -> float:
        """Return the probability of a live person. Raises ``ValueError`` as ``log_odds``."""
        return probability_of(self.log_odds(evidence))


def probability_of(log_odds: float) -> float:
    """Return the probability 0...1 with these natural log-odds; no finite number overflows."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1.0 + odds)


def log_odds_of(probability: float) -> float:
    """Return the natural log-odds of a probability strictly between 0 and 1."""
    return math.log(probability / (1.0 - probability))
