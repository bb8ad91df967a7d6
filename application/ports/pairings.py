"""Invitations to pair a device, and the guesses at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Invitation:
    """What whoever types the code gets: a place for one device. ``invited_by`` is an opaque actor."""

    pairing_id: UUID
    department: str
    label: str
    invited_by: str
    expires_at: datetime


class Pairings(Protocol):
    """Remembers codes, as keyed digests only, across processes and restarts. Everything raises ``UnavailableError``."""

    def invite(self, digest: str, invitation: Invitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation under the digest of its code; False where ``most`` are open already at that time.

        Of invitations made at once in several processes a few more than ``most`` may come to stand.
        """
        ...

    def take(self, digest: str, *, now: datetime) -> Invitation | None:
        """Return the invitation and forget it; of two at once one gets it. None for one that is over, or never was."""
        ...

    def guess(self, source: str, *, window: datetime) -> int:
        """Count a guess of that source (a digest) in the time that begins at ``window``; return how many by now."""
        ...

    def forget(self, before: datetime) -> int:
        """Forget invitations over by then and windows that began before; return how many. May be called any time."""
        ...
