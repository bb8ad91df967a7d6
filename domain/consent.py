"""Consent of one subject to one purpose (LGPD art. 8 and 11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate, event

from domain.errors import (
    ConsentAlreadyGivenError,
    ConsentMissingError,
    ConsentRenewalNeededError,
    InvalidInputError,
)

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

PAPER: Final = "paper"
OWN_SESSION: Final = "session"
OWN_CODE: Final = "code"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Collection:
    """How a consent reached us: by the subject's own act ("session", "code"), or on paper.

    Of paper: the opaque actor that attests having seen the signed form, and the form's sha256 (hex) where given.
    Blank: from before this was recorded.
    """

    method: str = ""
    attested_by: str = ""
    form_sha256: str = ""

    def __post_init__(self) -> None:
        """Raise ``InvalidInputError`` for what cannot be: a digest that is none, paper that nobody attests."""
        if self.form_sha256 and not _DIGEST.fullmatch(self.form_sha256):
            raise InvalidInputError("form_sha256 is the SHA-256 of the signed form: 64 lower-case hex digits")
        if bool(self.attested_by) != (self.method == PAPER) or (self.form_sha256 and self.method != PAPER):
            raise InvalidInputError("a form on paper is attested by somebody, and nothing else is")


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
        expires_at: datetime | None = None,
        collected: str = "",
        attested_by: str = "",
        form_sha256: str = "",
    ) -> None:
        self.subject_id = subject_id
        self.purpose = purpose
        self.legal_basis = legal_basis
        self.expires_at = expires_at
        self.collected = Collection(collected, attested_by, form_sha256)
        self.notice_version = notice_version
        self.notice_sha256 = notice_sha256
        self.status = GRANTED
        self.changed_by = act.actor

    @staticmethod
    def create_id(subject_id: UUID, purpose: str) -> UUID:
        """Return the one id that this subject's consent to this purpose has."""
        return uuid5(subject_id, f"consent:{purpose}")

    @classmethod
    def grant(
        cls,
        subject_id: UUID,
        purpose: str,
        *,
        legal_basis: str,
        notice: tuple[str, str],
        act: Act,
        expires_at: datetime | None = None,
        collected: Collection = Collection(),
    ) -> Consent:
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
            expires_at=expires_at,
            collected=collected.method,
            attested_by=collected.attested_by,
            form_sha256=collected.form_sha256,
        )

    @property
    def in_force(self) -> bool:
        """Whether the consent stands: nobody ended it. One whose period is over stands until that is recorded."""
        return self.status == GRANTED

    def over(self, at: datetime) -> bool:
        """Say whether the period of the consent is over at that time, recorded or not."""
        return self.status == EXPIRED or (self.expires_at is not None and at >= self.expires_at)

    def check_in_force(self) -> None:
        """Raise ``ConsentMissingError`` unless the consent stands."""
        if not self.in_force:
            raise ConsentMissingError(f"consent to {self.purpose} is not in force")

    def check_serves(self, at: datetime) -> None:
        """Raise ``ConsentMissingError`` unless somebody may be let in on it: it stands, and its period is not over.

        ``ConsentRenewalNeededError`` where only the period is over.
        """
        if self.status in {GRANTED, EXPIRED} and self.over(at):
            raise ConsentRenewalNeededError(f"the period of the consent to {self.purpose} is over: ask for it again")
        self.check_in_force()

    def renewable(self, notice: tuple[str, str], act: Act, expires_at: datetime | None = None) -> bool:
        """Say whether giving it again would change anything: notice, status, or a later end of its period."""
        same = self.in_force and notice == (self.notice_version, self.notice_sha256)
        later = self.expires_at is not None and (expires_at is None or expires_at > self.expires_at)
        return not same or self.over(act.at) or later

    def renew(
        self,
        *,
        notice: tuple[str, str],
        act: Act,
        legal_basis: str = "",
        expires_at: datetime | None = None,
        collected: Collection = Collection(),
    ) -> None:
        """Give consent again: after an end, to a newer notice, or for longer; a blank basis stays as it was.

        Raises ``ConsentAlreadyGivenError`` if nothing changes.
        """
        if not self.renewable(notice, act, expires_at):
            raise ConsentAlreadyGivenError("this consent to this notice is in force already")
        self._renewed(
            notice_version=notice[0],
            notice_sha256=notice[1],
            act=act,
            timestamp=act.at,
            legal_basis=legal_basis or self.legal_basis,
            expires_at=expires_at,
            collected=collected.method,
            attested_by=collected.attested_by,
            form_sha256=collected.form_sha256,
        )

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
    def _renewed(
        self,
        notice_version: str,
        notice_sha256: str,
        act: Act,
        timestamp: datetime,
        legal_basis: str = "",
        expires_at: datetime | None = None,
        collected: str = "",
        attested_by: str = "",
        form_sha256: str = "",
    ) -> None:
        self.legal_basis = legal_basis or self.legal_basis
        self.expires_at = expires_at
        self.collected = Collection(collected, attested_by, form_sha256)
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
