"""Who may take tokens, and ask about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

PUBLIC: Final = "public"
"""Cannot keep a secret: an app on a phone, a page in a browser (RFC 6749, section 2.1)."""
CONFIDENTIAL: Final = "confidential"
"""Keeps a secret: a server of the hospital."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client as RFC 6749 has it. The first of ``audiences`` is what its tokens are for unless it names another.

    ``secret_digest`` is the SHA-256 of a confidential client's secret, in hex. ``bound_only``: its tokens are bound to
    a key of its own (RFC 9449), or there are none.
    """

    client_id: str
    kind: str
    audiences: tuple[str, ...]
    created_at: datetime
    secret_digest: str = field(default="", repr=False)
    bound_only: bool = False
    revoked_at: datetime | None = None

    @property
    def standing(self) -> bool:
        """Whether it may take and ask for anything."""
        return self.revoked_at is None


class Clients(Protocol):
    """A registry that all processes share. What it says is strongly consistent. Raises ``UnavailableError``."""

    def add(self, client: Client) -> bool:
        """Take a client in; False where its id was ever taken."""
        ...

    def find(self, client_ids: Collection[str]) -> Mapping[str, Client]:
        """Return those clients by id, revoked ones too; unknown ids are not in it."""
        ...

    def audiences(self) -> frozenset[str]:
        """Return the audiences of all clients, those of revoked ones too: tokens for them may still be about."""
        ...

    def all(self) -> Sequence[Client]:
        """Return every client, by id."""
        ...

    def revoke(self, client_id: str, at: datetime) -> bool:
        """Let it take nothing any more; False where there is none of that id, or it was revoked before."""
        ...
