"""Invitations to read the notice and decide, each behind a one-time code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class ConsentInvitation:
    """Whose decision the code carries. ``invited_by`` is an opaque actor."""

    invitation_id: UUID
    subject_id: UUID
    invited_by: str
    expires_at: datetime


class ConsentCodes(Protocol):
    """Remembers codes, as keyed digests only, across processes and restarts. Everything raises ``UnavailableError``."""

    def invite(self, digest: str, invitation: ConsentInvitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation under the digest of its code; False where ``most`` are open already at that time.

        An earlier invitation of the same subject ends: one code is open for a person at a time. Of invitations made at
        once in several processes a few more than ``most`` may come to stand.
        """
        ...

    def take(self, digest: str, *, now: datetime) -> ConsentInvitation | None:
        """Return the invitation and forget it; of two at once one gets it. None for one that is over, or never was."""
        ...

    def forget(self, before: datetime) -> int:
        """Forget invitations over by then; return how many. May be called any time."""
        ...
