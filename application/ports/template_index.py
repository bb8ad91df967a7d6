"""The gallery in memory: a hint, never the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.biometrics import Candidate, Embedding


class TemplateIndex(Protocol):
    """Active templates as unit vectors, float32, one matrix per department. Safe from several threads."""

    def search(self, department: str, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """Return the nearest entries of that department, nearest first, at most one per subject."""
        ...

    def search_everywhere(self, probe: Embedding, limit: int = 5) -> list[Candidate]:
        """The same over all departments: for duplicate search at enrolment, never for authentication."""
        ...

    def size(self, department: str) -> int:
        """Number of entries of that department."""
        ...

    def catch_up(self, position: int, timeout_s: float = 5.0) -> None:
        """Return once that store position is taken in. Raises ``UnavailableError`` after the timeout."""
        ...
