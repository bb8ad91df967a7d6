"""What similarities of one embedder mean: how often strangers reach a threshold, and how strongly one speaks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from domain.biometrics import ModelId


@dataclass(frozen=True, slots=True)
class ScoreDistribution:
    """Measured similarities of one embedder, a single picture against a template.

    ``impostor`` holds (FMR, threshold), the rarest error last: at that threshold at most that share of comparisons of
    different people match. Beyond the last point the tail is exponential: the threshold rises by ``tail_scale`` for
    every factor e. ``offset`` and ``slope`` turn a similarity into a log-likelihood ratio (natural logarithm): how much
    likelier it is between two pictures of one person than between those of two.

    Raises ``ValueError`` for a distribution in which a rarer error has a lower threshold, or a higher similarity speaks
    against a match.
    """

    model: ModelId
    impostor: Sequence[tuple[float, float]]
    tail_scale: float
    offset: float
    slope: float

    def __post_init__(self) -> None:
        """Refuse what is not finite, not monotone or empty."""
        numbers = [value for point in self.impostor for value in point]
        if not all(math.isfinite(value) for value in (*numbers, self.tail_scale, self.offset, self.slope)):
            raise ValueError("a score distribution holds finite numbers")
        rates = [rate for rate, _ in self.impostor]
        thresholds = [threshold for _, threshold in self.impostor]
        if not rates or not all(0 < rate < 1 for rate in rates) or not all(-1 < t < 1 for t in thresholds):
            raise ValueError("false match rates lie between 0 and 1, thresholds between -1 and 1")
        if any(later >= earlier for earlier, later in itertools.pairwise(rates)):
            raise ValueError("false match rates fall from point to point")
        if thresholds != sorted(thresholds):
            raise ValueError("a rarer error has a threshold that is no lower")
        if not (self.tail_scale > 0 and self.slope > 0):
            raise ValueError("tail scale and slope are positive")

    def threshold(self, fmr: float) -> float:
        """Return the threshold for that false match rate: of the measured points the first that is no more frequent.

        Taking the next point instead of a value in between errs towards strangers refused. Raises ``ValueError`` for a
        rate that is not between 0 and 1.
        """
        if not 0 < fmr < 1:
            raise ValueError("a false match rate lies between 0 and 1")
        for rate, threshold in self.impostor:
            if rate <= fmr:
                return threshold
        rarest, highest = self.impostor[-1]
        return highest + self.tail_scale * math.log(rarest / fmr)

    def log_likelihood_ratio(self, similarity: float) -> float:
        """Return the evidence of a similarity for one and the same person."""
        return self.offset + self.slope * similarity

    def posterior(self, similarity: float, others: int) -> float:
        """Return the probability 0...1 of a match, where before the comparison it was 1 in ``others`` + 1."""
        odds = self.log_likelihood_ratio(similarity) - math.log(max(1, others))
        # Written so that neither sign overflows.
        return 1 / (1 + math.exp(-odds)) if odds >= 0 else math.exp(odds) / (1 + math.exp(odds))


def comparison_fmr(fpir: float, gallery_size: int) -> float:
    """Return the false match rate per comparison at which a search of that many entries has that FPIR.

    1 - (1 - FPIR)^(1/N): a search brings up nobody when none of N comparisons matches (ISO/IEC 19795-1, for
    comparisons that are independent). Raises ``ValueError`` for a target that is not between 0 and 1.
    """
    if not 0 < fpir < 1:
        raise ValueError("a target FPIR lies between 0 and 1")
    return -math.expm1(math.log1p(-fpir) / max(1, gallery_size))
