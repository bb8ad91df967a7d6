"""From candidates to a match or a named refusal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from domain.attempt import MatchFacts
from domain.biometrics import Candidate, ModelId
from domain.policies.scores import ScoreDistribution, comparison_fmr

IDENTIFICATION_THRESHOLD: Final = 0.45
"""Cosine similarity for 1:N: FPIR 0.1 %, FNIR 0.37 % with 110 people enrolled (models.md, LFW, fused embedder)."""

VERIFICATION_THRESHOLD: Final = 0.36
"""Cosine similarity for a claimed identity; above the 0.307 measured for FMR 1e-3 (models.md), towards FMR 1e-4."""

TARGET_FPIR: Final = 0.001
"""The brief: one search by a stranger in a thousand may bring anybody up, whatever the size of the department."""

FLOOR_FMR: Final = 1e-4
"""No threshold, 1:1 or 1:N, is ever lower than the one for this false match rate."""

IDENTIFICATION_MARGIN: Final = 0.05
"""Least distance in similarity to the best entry of another person."""

GALLERY_EMPTY: Final = "gallery_empty"
BELOW_THRESHOLD: Final = "below_threshold"
MARGIN_TOO_SMALL: Final = "margin_too_small"
CLAIM_NOT_FOUND: Final = "claim_not_found"


@dataclass(frozen=True, slots=True)
class Matched:
    """Allowance: this candidate, with the facts for the officer.

    ``confidence`` is the probability 0...1 that it is this person, see ``MatchingPolicy.confidence``.
    """

    candidate: Candidate
    facts: MatchFacts
    confidence: float


@dataclass(frozen=True, slots=True)
class NotMatched:
    """Refusal: the reason code for the officer and the facts."""

    reason: str
    facts: MatchFacts


@dataclass(frozen=True, slots=True)
class MatchingPolicy:
    """Threshold and margin. A personal override counts only where it is stricter.

    ``distributions`` holds what was measured, by model; there the threshold follows from ``fpir_target`` and the size
    of the gallery. For a model that nobody measured, the fixed thresholds stand.
    """

    identification_threshold: float = IDENTIFICATION_THRESHOLD
    verification_threshold: float = VERIFICATION_THRESHOLD
    margin: float = IDENTIFICATION_MARGIN
    fpir_target: float = TARGET_FPIR
    distributions: Mapping[ModelId, ScoreDistribution] = field(default_factory=dict)

    def threshold(self, model: ModelId, *, gallery_size: int, claim_made: bool) -> float:
        """Return the least similarity that matches, before personal overrides.

        1:N: the threshold at which a search of ``gallery_size`` entries has the target FPIR; 1:1: the floor.
        """
        scores = self.distributions.get(model)
        if scores is None:
            return self.verification_threshold if claim_made else self.identification_threshold
        floor = scores.threshold(FLOOR_FMR)
        if claim_made:
            return floor
        return max(floor, scores.threshold(comparison_fmr(self.fpir_target, gallery_size)))

    def confidence(self, similarity: float, model: ModelId, *, gallery_size: int, claim_made: bool) -> float:
        """Return the probability 0...1 that this is the person, given the similarity.

        Before the comparison, a stranger and each person of the gallery are equally likely (1:N), a stranger and the
        claimed person are (1:1). For a model that nobody measured it is the similarity itself, which is no probability.
        """
        scores = self.distributions.get(model)
        if scores is None:
            return max(0.0, min(1.0, similarity))
        return scores.posterior(similarity, 1 if claim_made else gallery_size)

    def decide(
        self,
        candidates: Sequence[Candidate],
        *,
        gallery_size: int,
        model: ModelId,
        claimed: UUID | None = None,
        claim_made: bool = False,
    ) -> Matched | NotMatched:
        """Decide on candidates of one department.

        Args:
            candidates: at most one per subject, in any order.
            gallery_size: entries searched.
            model: the probe's model.
            claimed: the subject that was claimed, None where the claim leads to nobody.
            claim_made: whether the client claimed an identity (1:1) at all; then only ``claimed`` can match, and the
                margin to others still holds.
        """
        ranked = sorted(candidates, key=lambda c: -c.similarity)
        best = next((c for c in ranked if c.subject_id == claimed), None) if claim_made else next(iter(ranked), None)
        runner_up = next((c for c in ranked if best is None or c.subject_id != best.subject_id), None)
        base = self.threshold(model, gallery_size=gallery_size, claim_made=claim_made)
        threshold = max(base, best.threshold_override or base) if best else base
        similarity = _rounded(best.similarity) if best else None
        facts = MatchFacts(
            similarity=similarity,
            runner_up=_rounded(runner_up.similarity) if runner_up else None,
            threshold=threshold,
            margin=self.margin,
            gallery_size=gallery_size,
            claimed=claim_made,
            model=model,
        )
        if best is None or similarity is None:
            return NotMatched(CLAIM_NOT_FOUND if claim_made else GALLERY_EMPTY, facts)
        if not similarity >= threshold:
            return NotMatched(BELOW_THRESHOLD, facts)
        if runner_up is not None and best.similarity - runner_up.similarity < self.margin:
            return NotMatched(MARGIN_TOO_SMALL, facts)
        sure = self.confidence(similarity, model, gallery_size=gallery_size, claim_made=claim_made)
        return Matched(best, facts, sure)


def _rounded(similarity: float) -> float:
    """Keep four decimals, downwards: a recorded score never passes where the exact one did not."""
    rounded = math.floor(similarity * 10_000) / 10_000
    # The product itself can round up across a ten-thousandth.
    return rounded if rounded <= similarity else (math.floor(similarity * 10_000) - 1) / 10_000
