"""A session: what a successful attempt opens."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import SessionStateError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

OPEN: Final = "open"
REVOKED: Final = "revoked"
EXPIRED: Final = "expired"


class Session(Aggregate):
    """Opened once, perhaps refreshed, ended once."""

    TOPIC: ClassVar[str] = "session"

    @event("Created", topic="session.opened.v1")
    def __init__(
        self,
        session_id: UUID,
        subject_id: UUID,
        attempt_id: UUID,
        department: str,
        amr: str,
        acr: str,
        expires_at: datetime,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.subject_id = subject_id
        self.attempt_id = attempt_id
        self.department = department
        self.amr = amr
        self.acr = acr
        self.authenticated_at = timestamp
        self.expires_at = expires_at
        self.status = OPEN
        self.changed_by = act.actor

    @staticmethod
    def create_id(session_id: UUID) -> UUID:
        """Take the id that was announced in ``attempt.succeeded``."""
        return session_id

    @classmethod
    def open(
        cls,
        session_id: UUID,
        *,
        subject_id: UUID,
        attempt_id: UUID,
        department: str,
        amr: str,
        acr: str,
        expires_at: datetime,
        act: Act,
    ) -> Session:
        """Open a session that ends by itself at ``expires_at``; ``amr`` holds RFC 8176 values, space-separated."""
        if expires_at <= act.at:
            raise ValueError("a session ends after it begins")
        return cls(
            session_id=session_id,
            subject_id=subject_id,
            attempt_id=attempt_id,
            department=department,
            amr=amr,
            acr=acr,
            expires_at=expires_at,
            act=act,
            timestamp=act.at,
        )

    def in_force(self, now: datetime) -> bool:
        """Whether the session still stands at that time."""
        return self.status == OPEN and now < self.expires_at

    def refresh(self, *, expires_at: datetime, act: Act) -> None:
        """Move the end further away. Never backwards, never after the end: ``SessionStateError``."""
        if not self.in_force(act.at) or expires_at <= self.expires_at:
            raise SessionStateError("the session cannot be refreshed")
        self._refreshed(expires_at=expires_at, act=act, timestamp=act.at)

    def revoke(self, *, reason: str, act: Act) -> None:
        """End the session now."""
        self._check_open()
        self._revoked(reason=reason, act=act, timestamp=act.at)

    def expire(self, *, act: Act) -> None:
        """Record that the session ended by itself; not before its time."""
        self._check_open()
        if act.at < self.expires_at:
            raise SessionStateError("the session has not expired yet")
        self._expired(act=act, timestamp=act.at)

    def _check_open(self) -> None:
        if self.status != OPEN:
            raise SessionStateError("the session has ended")

    @event("Refreshed", topic="session.refreshed.v1")
    def _refreshed(self, expires_at: datetime, act: Act, timestamp: datetime) -> None:
        self.expires_at = expires_at
        self.changed_by = act.actor

    @event("Revoked", topic="session.revoked.v1")
    def _revoked(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = REVOKED
        self.changed_by = act.actor

    @event("Expired", topic="session.expired.v1")
    def _expired(self, act: Act, timestamp: datetime) -> None:
        self.status = EXPIRED
        self.changed_by = act.actor
