"""Consent of one subject to one purpose (LGPD art. 8 and 11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.errors import ConsentAlreadyGivenError, ConsentMissingError

if TYPE_CHECKING:
    from datetime import datetime

    from domain.act import Act

ENROLLMENT: Final = "enrollment"
AUTHENTICATION: Final = "authentication"
PURPOSES: Final = (ENROLLMENT, AUTHENTICATION)

GRANTED: Final = "granted"
WITHDRAWN: Final = "withdrawn"
OBJECTED: Final = "objected"
EXPIRED: Final = "expired"


class Consent(Aggregate):
    """One subject's consent to one purpose; the stream lives on through withdrawal and renewal."""

    TOPIC: ClassVar[str] = "consent"

    @event("Created", topic="consent.granted.v1")
    def __init__(
        self,
        subject_id: UUID,
        purpose: str,
        legal_basis: str,
        notice_version: str,
        notice_sha256: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.subject_id = subject_id
        self.purpose = purpose
        self.legal_basis = legal_basis
        self.notice_version = notice_version
        self.notice_sha256 = notice_sha256
        self.status = GRANTED
        self.changed_by = act.actor

    @staticmethod
    def create_id(subject_id: UUID, purpose: str) -> UUID:
        """Return the one id that this subject's consent to this purpose has."""
        return uuid5(subject_id, f"consent:{purpose}")

    @classmethod
    def grant(cls, subject_id: UUID, purpose: str, *, legal_basis: str, notice: tuple[str, str], act: Act) -> Consent:
        """Record a first consent; ``notice`` is (version, sha256 hex of its text). Raises ``ValueError``: purpose."""
        if purpose not in PURPOSES:
            raise ValueError("unknown purpose")
        return cls(
            subject_id=subject_id,
            purpose=purpose,
            legal_basis=legal_basis,
            notice_version=notice[0],
            notice_sha256=notice[1],
            act=act,
            timestamp=act.at,
        )

    @property
    def in_force(self) -> bool:
        """Whether the consent stands."""
        return self.status == GRANTED

    def check_in_force(self) -> None:
        """Raise ``ConsentMissingError`` unless the consent stands."""
        if not self.in_force:
            raise ConsentMissingError(f"consent to {self.purpose} is not in force")

    def renew(self, *, notice: tuple[str, str], act: Act) -> None:
        """Give consent again: after an end, or to a newer notice. ``ConsentAlreadyGivenError`` if nothing changes."""
        if self.in_force and notice == (self.notice_version, self.notice_sha256):
            raise ConsentAlreadyGivenError("this consent to this notice is in force already")
        self._renewed(notice_version=notice[0], notice_sha256=notice[1], act=act, timestamp=act.at)

    def withdraw(self, *, reason: str, act: Act) -> None:
        """End the consent at the person's wish; always possible while it stands."""
        self.check_in_force()
        self._withdrawn(reason=reason, act=act, timestamp=act.at)

    def object_to_processing(self, *, reason: str, act: Act) -> None:
        """Record an objection (LGPD art. 18 §2); ends the processing as withdrawal does."""
        self.check_in_force()
        self._objected(reason=reason, act=act, timestamp=act.at)

    def expire(self, *, act: Act) -> None:
        """End the consent because its period is over."""
        self.check_in_force()
        self._expired(act=act, timestamp=act.at)

    @event("Renewed", topic="consent.renewed.v1")
    def _renewed(self, notice_version: str, notice_sha256: str, act: Act, timestamp: datetime) -> None:
        self.notice_version = notice_version
        self.notice_sha256 = notice_sha256
        self.status = GRANTED
        self.changed_by = act.actor

    @event("Withdrawn", topic="consent.withdrawn.v1")
    def _withdrawn(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = WITHDRAWN
        self.changed_by = act.actor

    @event("Objected", topic="consent.objected.v1")
    def _objected(self, reason: str, act: Act, timestamp: datetime) -> None:
        self.status = OBJECTED
        self.changed_by = act.actor

    @event("Expired", topic="consent.expired.v1")
    def _expired(self, act: Act, timestamp: datetime) -> None:
        self.status = EXPIRED
        self.changed_by = act.actor
