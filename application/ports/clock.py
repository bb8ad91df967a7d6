"""Time and names of things, behind a port so that tests decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return aware UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow, for intervals."""
        ...


class Ids(Protocol):
    """Makes ids and nonces from a cryptographic source."""

    def new(self) -> UUID:
        """Return a random UUID (version 4)."""
        ...

    def nonce(self) -> str:
        """Return 128 random bits as URL-safe text."""
        ...
