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
MAX_REFRESHES: Final = 1000
"""How often one session may be refreshed: a day at one access token every 90 s. Each one is an event to replay."""


class Session(Aggregate):
    """Opened once, kept alive by refreshing, ended once: by somebody, by idleness, or by its absolute end.

    ``refresh_digest`` is the digest of the one refresh token that is good now, ``spent`` those of the ones that were.
    ``bound_to`` is the thumbprint (RFC 7638) of the client's key that its tokens are bound to (RFC 9449), if any.
    """

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
        client_id: str = "",
        device_id: UUID | None = None,
        idle_expires_at: datetime | None = None,
        refresh_digest: str = "",
        bound_to: str = "",
    ) -> None:
        self.subject_id = subject_id
        self.attempt_id = attempt_id
        self.department = department
        self.amr = amr
        self.acr = acr
        self.authenticated_at = timestamp
        self.expires_at = expires_at
        self.client_id = client_id
        self.device_id = device_id
        self.idle_expires_at = idle_expires_at
        self.refresh_digest = refresh_digest
        self.bound_to = bound_to
        self.spent: list[str] = []
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
        client_id: str = "",
        device_id: UUID | None = None,
        idle_expires_at: datetime | None = None,
        refresh_digest: str = "",
        bound_to: str = "",
    ) -> Session:
        """Open a session that ends by itself at ``expires_at``, or at ``idle_expires_at`` unless it is refreshed.

        ``amr`` holds RFC 8176 values, space-separated; ``device_id`` the paired device that it was opened on.
        """
        if expires_at <= act.at or (idle_expires_at is not None and idle_expires_at <= act.at):
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
            client_id=client_id,
            device_id=device_id,
            idle_expires_at=idle_expires_at,
            refresh_digest=refresh_digest,
            bound_to=bound_to,
        )

    @property
    def ends_at(self) -> datetime:
        """When it ends by itself if nothing happens any more."""
        return self.expires_at if self.idle_expires_at is None else min(self.expires_at, self.idle_expires_at)

    def in_force(self, now: datetime) -> bool:
        """Whether the session still stands at that time."""
        return self.status == OPEN and now < self.ends_at

    def refresh(self, *, refresh_digest: str, idle_expires_at: datetime, act: Act, bound_to: str = "") -> None:
        """Spend the refresh token for a new one and begin the idle time anew; the absolute end stays.

        ``bound_to`` binds a session that is bound to no key yet. Raises ``SessionStateError`` after the end, for a
        token that was spent already, for another key, and after ``MAX_REFRESHES``.
        """
        spent = refresh_digest == self.refresh_digest or refresh_digest in self.spent
        if not self.in_force(act.at) or not refresh_digest or spent or len(self.spent) >= MAX_REFRESHES:
            raise SessionStateError("the session cannot be refreshed")
        if self.bound_to and bound_to != self.bound_to:
            raise SessionStateError("the session is bound to another key")
        self._refreshed(
            expires_at=self.expires_at,
            refresh_digest=refresh_digest,
            idle_expires_at=idle_expires_at,
            bound_to=bound_to,
            act=act,
            timestamp=act.at,
        )

    def change_assurance(self, *, amr: str, acr: str, act: Act) -> None:
        """Record that its person proved more, or less, than before: ``amr`` and ``acr`` as they are from now on."""
        if not self.in_force(act.at) or (amr, acr) == (self.amr, self.acr):
            raise SessionStateError("the assurance of the session cannot change so")
        self._assurance_changed(amr=amr, acr=acr, former_acr=self.acr, act=act, timestamp=act.at)

    def revoke(self, *, reason: str, act: Act) -> None:
        """End the session now."""
        self._check_open()
        self._revoked(reason=reason, act=act, timestamp=act.at)

    def expire(self, *, act: Act) -> None:
        """Record that the session ended by itself; not before its time."""
        self._check_open()
        if act.at < self.ends_at:
            raise SessionStateError("the session has not expired yet")
        self._expired(act=act, timestamp=act.at)

    def _check_open(self) -> None:
        if self.status != OPEN:
            raise SessionStateError("the session has ended")

    @event("Refreshed", topic="session.refreshed.v1")
    def _refreshed(
        self,
        expires_at: datetime,
        act: Act,
        timestamp: datetime,
        refresh_digest: str = "",
        idle_expires_at: datetime | None = None,
        bound_to: str = "",
    ) -> None:
        self.expires_at = expires_at
        self.idle_expires_at = idle_expires_at
        self.spent.append(self.refresh_digest)
        self.refresh_digest = refresh_digest
        self.bound_to = bound_to
        self.changed_by = act.actor

    @event("AssuranceChanged", topic="session.assurance_changed.v1")
    def _assurance_changed(self, amr: str, acr: str, former_acr: str, act: Act, timestamp: datetime) -> None:
        self.amr = amr
        self.acr = acr
        self.changed_by = act.actor

    @event("Revoked", topic="session.revoked.v1")
    def _revoked(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = REVOKED
        self.changed_by = act.actor

    @event("Expired", topic="session.expired.v1")
    def _expired(self, act: Act, timestamp: datetime) -> None:
        self.status = EXPIRED
        self.changed_by = act.actor
