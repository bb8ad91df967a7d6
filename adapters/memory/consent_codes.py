"""Invitations to decide on consent, in a dict."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from application.ports.consent_codes import ConsentInvitation


class MemoryConsentCodes:
    """``application.ports.consent_codes.ConsentCodes`` for one process."""

    def __init__(self) -> None:
        """Start empty."""
        self._open: dict[str, ConsentInvitation] = {}
        self._lock = Lock()

    def invite(self, digest: str, invitation: ConsentInvitation, *, most: int, now: datetime) -> bool:
        """Keep an invitation. See the port."""
        with self._lock:
            others = {k: kept for k, kept in self._open.items() if kept.subject_id != invitation.subject_id}
            if sum(kept.expires_at > now for kept in others.values()) >= most:
                return False
            self._open = others | {digest: invitation}
            return True

    def take(self, digest: str, *, now: datetime) -> ConsentInvitation | None:
        """Return the invitation and forget it. See the port."""
        with self._lock:
            invitation = self._open.pop(digest, None)
        return invitation if invitation is not None and invitation.expires_at > now else None

    def forget(self, before: datetime) -> int:
        """Forget what is over. See the port."""
        with self._lock:
            over = [digest for digest, kept in self._open.items() if kept.expires_at <= before]
            for digest in over:
                del self._open[digest]
            return len(over)
