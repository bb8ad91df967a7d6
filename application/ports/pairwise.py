"""What an audience learns of who somebody is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from uuid import UUID


class Pairwise(Protocol):
    """Pseudonyms that two audiences cannot compare (OpenID Connect Core 1.0, section 8.1)."""

    def subject(self, subject_id: UUID, audience: str) -> str:
        """Return the stable pseudonym of a person for that audience: the ``sub`` of its access tokens."""
        ...
