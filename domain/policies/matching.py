"""From candidates to a match or a named refusal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from domain.attempt import MatchFacts
from domain.biometrics import Candidate, ModelId

IDENTIFICATION_THRESHOLD: Final = 0.45
"""Cosine similarity for 1:N: FPIR 0.1 %, FNIR 0.37 % with 110 people enrolled (models.md, LFW, fused embedder)."""

VERIFICATION_THRESHOLD: Final = 0.36
"""Cosine similarity for a claimed identity; above the 0.307 measured for FMR 1e-3 (models.md), towards FMR 1e-4."""

IDENTIFICATION_MARGIN: Final = 0.05
"""Least distance in similarity to the best entry of another person."""

GALLERY_EMPTY: Final = "gallery_empty"
BELOW_THRESHOLD: Final = "below_threshold"
MARGIN_TOO_SMALL: Final = "margin_too_small"
CLAIM_NOT_FOUND: Final = "claim_not_found"


@dataclass(frozen=True, slots=True)
class Matched:
    """Allowance: this candidate, with the facts for the officer."""

    candidate: Candidate
    facts: MatchFacts


@dataclass(frozen=True, slots=True)
class NotMatched:
    """Refusal: the reason code for the officer and the facts."""

    reason: str
    facts: MatchFacts


@dataclass(frozen=True, slots=True)
class MatchingPolicy:
    """Threshold and margin. A personal override counts only where it is stricter."""

    identification_threshold: float = IDENTIFICATION_THRESHOLD
    verification_threshold: float = VERIFICATION_THRESHOLD
    margin: float = IDENTIFICATION_MARGIN

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
        base = self.verification_threshold if claim_made else self.identification_threshold
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
        return Matched(best, facts)


def _rounded(similarity: float) -> float:
    """Keep four decimals, downwards: a recorded score never passes where the exact one did not."""
    rounded = math.floor(similarity * 10_000) / 10_000
    # The product itself can round up across a ten-thousandth.
    return rounded if rounded <= similarity else (math.floor(similarity * 10_000) - 1) / 10_000
