"""From captures to one template: how many, how alike, how different from everybody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.biometrics import Candidate, Embedding
from domain.enrollment import MIN_USED_CAPTURES
from domain.errors import CaptureCountError, CapturesInconsistentError, DuplicatePersonError, TooFewCapturesError

MIN_CAPTURES: Final = 5
MAX_CAPTURES: Final = 10
"""The brief: 5-10 captures."""

OUTLIER_THRESHOLD: Final = 0.30
"""A capture less similar than this to the others is not of the same person (FMR 1e-3 at 0.307)."""

DUPLICATE_THRESHOLD: Final = 0.6
"""A new template this similar to somebody else's is the same person. Templates of 5 photographs, LFW development half:
different people at most 0.49 (105 people), the same person at least 0.69 (75 people, disjoint photographs)."""


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

        An outlier is unlike the mean of the others, or unlike half of them: the mean alone would let as many pictures
        of a second person through, and a template of both would serve either. More than half of the captures remain,
        so that a mixture is never settled in favour of one of the people. Raises ``TooFewCapturesError`` (too few to
        begin with) and ``CapturesInconsistentError`` (too few remain).
        """
        if len(captures) < MIN_USED_CAPTURES:
            raise TooFewCapturesError(f"at least {MIN_USED_CAPTURES} captures must be good; take new ones")
        kept = np.arange(len(captures))
        vectors = np.stack([capture.vector for capture in captures])
        while len(kept) >= MIN_USED_CAPTURES and 2 * len(kept) > len(captures):
            likeness = _likeness(vectors[kept])
            if likeness.min() >= self.outlier_threshold:
                return [int(index) for index in kept]
            kept = np.delete(kept, likeness.argmin())
        raise CapturesInconsistentError("the captures do not show one and the same person; take new ones")

    def check_unique(self, nearest: Sequence[Candidate]) -> None:
        """Raise ``DuplicatePersonError`` where one of ``nearest``, other people's templates, is too near."""
        if any(candidate.similarity >= self.duplicate_threshold for candidate in nearest):
            raise DuplicatePersonError("this face is enrolled under another identity")


def mean_template(captures: Sequence[Embedding]) -> Embedding:
    """Return the renormalised mean of unit vectors, float32, same model. At least one capture."""
    mean = np.mean(np.stack([capture.vector for capture in captures]), axis=0)
    return Embedding(captures[0].model, (mean / np.linalg.norm(mean)).astype(np.float32))


def _likeness(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how alike each of (n, d) unit vectors is to the others: to their mean or to the middle one, the lesser.

    Cosine similarities, shape (n,).
    """
    others = vectors.sum(axis=0) - vectors
    to_mean = (vectors * others).sum(axis=1) / np.maximum(np.linalg.norm(others, axis=1), 1e-9)
    pairs = vectors @ vectors.T
    rest = pairs[~np.eye(len(vectors), dtype=bool)].reshape(len(vectors), -1)
    return np.asarray(np.minimum(to_mean, np.median(rest, axis=1)), np.float32)
