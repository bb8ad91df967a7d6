"""The machine's own clock and random source."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE_BYTES = 16


class SystemClock:
    """``application.ports.clock.Clock`` of the operating system."""

    def now(self) -> datetime:
        """Return aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()


class SystemIds:
    """``application.ports.clock.Ids`` from the operating system's random source."""

    def new(self) -> UUID:
        """Return a random UUID (version 4)."""
        return uuid4()

    def nonce(self) -> str:
        """Return 128 random bits as 22 characters of URL-safe text."""
        return secrets.token_urlsafe(NONCE_BYTES)


class SystemChallenges:
    """``application.ports.challenges.Challenges`` from the operating system's random source."""

    def draw(self, movements: Sequence[str], count: int) -> tuple[str, ...]:
        """Return ``count`` different movements in random order."""
        return tuple(secrets.SystemRandom().sample(list(movements), count))
