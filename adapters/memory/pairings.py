"""Invitations to pair a device, in a dict."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from application.ports.pairings import Invitation


class MemoryPairings:
    """``application.ports.pairings.Pairings`` for one process."""

    def __init__(self) -> None:
        """Start empty."""
        self._open: dict[str, Invitation] = {}
        self._guesses: Counter[tuple[str, datetime]] = Counter()
        self._lock = Lock()

    def invite(self, digest: str, invitation: Invitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation. See the port."""
        with self._lock:
            if sum(invited.expires_at > now for invited in self._open.values()) >= most:
                return False
            self._open[digest] = invitation
            return True

    def take(self, digest: str, *, now: datetime) -> Invitation | None:
        """Return the invitation and forget it. See the port."""
        with self._lock:
            invitation = self._open.pop(digest, None)
        return invitation if invitation is not None and invitation.expires_at > now else None

    def guess(self, source: str, *, window: datetime) -> int:
        """Count a guess. See the port."""
        with self._lock:
            self._guesses[source, window] += 1
            return self._guesses[source, window]

    def forget(self, before: datetime) -> int:
        """Forget what is over. See the port."""
        with self._lock:
            invitations = [digest for digest, invited in self._open.items() if invited.expires_at <= before]
            windows = [key for key in self._guesses if key[1] < before]
            for digest in invitations:
                del self._open[digest]
            for key in windows:
                del self._guesses[key]
            return len(invitations) + len(windows)
