"""From captures to one template: how many, how alike, how different from everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from domain.biometrics import Candidate, Embedding
from domain.enrollment import MIN_USED_CAPTURES
from domain.errors import CaptureCountError, CapturesInconsistentError, DuplicatePersonError, TooFewCapturesError

MIN_CAPTURES: Final = 5
MAX_CAPTURES: Final = 10
"""The brief: 5-10 captures."""

OUTLIER_THRESHOLD: Final = 0.30
"""A capture less similar than this to the mean of the others is not of the same person (FMR 1e-3 at 0.307)."""

DUPLICATE_THRESHOLD: Final = 0.55
"""A new template this similar to somebody else's is the same person: above every pair of different people measured."""

SAME_PICTURE_SIMILARITY: Final = 0.995
"""Two captures more alike than this are one picture, saved twice."""


@dataclass(frozen=True, slots=True)
class EnrollmentPolicy:
    """Limits and thresholds (cosine similarity) of an enrolment."""

    min_captures: int = MIN_CAPTURES
    max_captures: int = MAX_CAPTURES
    outlier_threshold: float = OUTLIER_THRESHOLD
    duplicate_threshold: float = DUPLICATE_THRESHOLD

    def check_count(self, count: int) -> None:
        """Raise ``CaptureCountError`` unless that many pictures make an enrolment."""
        if not self.min_captures <= count <= self.max_captures:
            raise CaptureCountError(f"an enrolment takes {self.min_captures} to {self.max_captures} captures")

    def consistent(self, captures: Sequence[Embedding]) -> list[int]:
        """Return the indexes of the captures that show one and the same person, outliers dropped one by one.

        Raises ``TooFewCapturesError`` (too few to begin with) and ``CapturesInconsistentError`` (too few remain).
        """
        if len(captures) < MIN_USED_CAPTURES:
            raise TooFewCapturesError(f"at least {MIN_USED_CAPTURES} captures must be good; take new ones")
        kept = list(range(len(captures)))
        vectors = np.stack([capture.vector for capture in captures])
        while len(kept) >= MIN_USED_CAPTURES:
            total = vectors[kept].sum(axis=0)
            likeness = [
                float(vectors[i] @ (total - vectors[i]) / max(np.linalg.norm(total - vectors[i]), 1e-9)) for i in kept
            ]
            worst = int(np.argmin(likeness))
            if likeness[worst] >= self.outlier_threshold:
                return kept
            kept.pop(worst)
        raise CapturesInconsistentError("the captures do not show one and the same person; take new ones")

    def differ(self, one: Embedding, other: Embedding) -> bool:
        """Say whether two captures are two pictures, not one picture sent twice (re-encoded, resized)."""
        return one.similarity(other) < SAME_PICTURE_SIMILARITY

    def check_unique(self, nearest: Sequence[Candidate]) -> None:
        """Raise ``DuplicatePersonError`` where one of ``nearest``, other people's templates, is too near."""
        if any(candidate.similarity >= self.duplicate_threshold for candidate in nearest):
            raise DuplicatePersonError("this face is enrolled under another identity")


def mean_template(captures: Sequence[Embedding]) -> Embedding:
    """Return the renormalised mean of unit vectors, float32, same model. At least one capture."""
    mean = np.mean(np.stack([capture.vector for capture in captures]), axis=0)
    return Embedding(captures[0].model, (mean / np.linalg.norm(mean)).astype(np.float32))
