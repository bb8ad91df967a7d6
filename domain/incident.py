"""A security incident in the register: known, assessed, told to authority and people, closed; or not told, and why.

LGPD art. 48 and Res. CD/ANPD 15/2024. Ids, codes, counts and times stand in the clear; what staff wrote is sealed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from domain.errors import IncidentStateError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from domain.act import Act

KINDS: Final = ("confidentiality", "integrity", "availability", "authenticity")
"""Which property of the data was broken."""

CAUSES: Final = (
    "key_leak", "database_leak", "backup_loss", "device_loss", "credential_theft", "presentation_attack",
    "malicious_insider", "human_error", "software_fault", "ransomware", "unknown",
)  # fmt: skip
CATEGORIES: Final = (
    "biometric_template", "identification", "authentication", "access_log", "client_address", "consent_record",
)  # fmt: skip
"""Kinds of personal data that this service holds."""

NONE, LOW, RELEVANT, HIGH = "none", "low", "relevant", "high"
RISKS: Final = (NONE, LOW, RELEVANT, HIGH)
NOTIFIABLE: Final = (RELEVANT, HIGH)
"""Risk or relevant damage to people: authority and people must hear of it (art. 48)."""

NOT_NOTIFIED: Final = ("no_personal_data", "no_relevant_risk", "data_unreadable", "false_alarm")
MEANS: Final = ("individual", "email", "letter", "telephone", "app", "public_notice")

OPEN, ASSESSED, CLOSED = "open", "assessed", "closed"

_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,59}")


@dataclass(frozen=True, slots=True)
class Affected:
    """Whom an incident reaches, as it was computed: how it was asked, how many, and a digest of who.

    ``selector`` and ``value`` say what leaked or was lost, ``since`` and ``until`` when. ``subjects_sha256`` is over
    the sorted subject ids, a line each: the list can be computed again and compared. ``minors`` and ``elderly`` are
    counts that the hospital gave, None where it does not know: this service keeps no date of birth.
    """

    selector: str
    value: str
    since: datetime | None
    until: datetime | None
    subjects: int
    subjects_sha256: str
    departments: list[str]
    keys: list[str]
    minors: int | None = None
    elderly: int | None = None


class Incident(Aggregate):
    """One incident. Notifications are kept apart from the state: they come in any order, also before the assessment."""

    TOPIC: ClassVar[str] = "incident"

    @event("Created", topic="incident.opened.v1")
    def __init__(
        self,
        incident_id: UUID,
        known_at: datetime,
        kind: str,
        cause: str,
        categories: Sequence[str],
        description_sealed: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.known_at = known_at
        self.kind = kind
        self.cause = cause
        self.categories = list(categories)
        self.description_sealed = description_sealed
        self.opened_at = timestamp
        self.assessed_at: datetime | None = None
        self.status = OPEN
        self.risk = ""
        self.affected: Affected | None = None
        self.measures_before_sealed = ""
        self.measures_after_sealed = ""
        self.delay_sealed = ""
        self.authority_at: datetime | None = None
        self.authority_reference = ""
        self.preliminary = False
        self.subjects_at: datetime | None = None
        self.subjects_means: list[str] = []
        self.supplemented_at: datetime | None = None
        self.closed_at: datetime | None = None
        self.not_notified = ""
        self.changed_by = act.actor

    @staticmethod
    def create_id(incident_id: UUID) -> UUID:
        """Take the id given by the id port."""
        return incident_id

    @classmethod
    def open(
        cls,
        incident_id: UUID,
        *,
        known_at: datetime,
        kind: str,
        cause: str,
        categories: Collection[str],
        description_sealed: str,
        act: Act,
    ) -> Incident:
        """Enter it into the register; the clocks run from ``known_at``. Raises ``InvalidInputError``."""
        check_entry(known_at=known_at, kind=kind, cause=cause, categories=categories, now=act.at)
        return cls(
            incident_id=incident_id,
            known_at=known_at,
            kind=kind,
            cause=cause,
            categories=[category for category in CATEGORIES if category in categories],
            description_sealed=description_sealed,
            act=act,
            timestamp=act.at,
        )

    @property
    def notifiable(self) -> bool:
        """Whether authority and people must hear of it. Until it is assessed, it counts as if they must."""
        return self.risk in {"", *NOTIFIABLE}

    def check_alive(self) -> None:
        """Raise ``IncidentStateError`` once it is closed."""
        if self.status == CLOSED:
            raise IncidentStateError("this incident is closed; open another one")

    def assess(
        self,
        *,
        risk: str,
        affected: Affected,
        measures_before_sealed: str,
        measures_after_sealed: str,
        delay_sealed: str = "",
        act: Act,
    ) -> None:
        """Say how bad it is and for whom; again as often as more becomes known. Raises ``InvalidInputError``."""
        self.check_alive()
        check_code("risk", risk, RISKS)
        for count in (affected.minors, affected.elderly):
            if count is not None and not 0 <= count <= affected.subjects:
                raise InvalidInputError("minors and elderly are counts among those affected")
        self._assessed(
            risk=risk,
            affected=affected,
            measures_before_sealed=measures_before_sealed,
            measures_after_sealed=measures_after_sealed,
            delay_sealed=delay_sealed,
            act=act,
            timestamp=act.at,
        )

    def notify_authority(self, *, told_at: datetime, reference: str, preliminary: bool, act: Act) -> None:
        """Record that ANPD was told; ``preliminary``: a supplement follows. Raises ``IncidentStateError``."""
        self.check_alive()
        if self.authority_at is not None:
            raise IncidentStateError("the authority was told already; record what came later with 'supplement'")
        self._check_told(told_at, act)
        check_reference(reference)
        self._authority_notified(
            told_at=told_at, reference=reference, preliminary=preliminary, act=act, timestamp=act.at
        )

    def notify_subjects(self, *, told_at: datetime, means: Collection[str], count: int, act: Act) -> None:
        """Record that the people were told, by which means, and how many by then. Raises ``IncidentStateError``."""
        self.check_alive()
        if self.subjects_at is not None:
            raise IncidentStateError("it is recorded already that the people were told")
        self._check_told(told_at, act)
        for one in means:
            check_code("means", one, MEANS)
        if not means or count < 0:
            raise InvalidInputError("say by which means, and how many people were told")
        chosen = [one for one in MEANS if one in means]
        self._subjects_notified(told_at=told_at, means=chosen, count=count, act=act, timestamp=act.at)

    def supplement(self, *, told_at: datetime, reference: str, act: Act) -> None:
        """Record what the authority was told later. Raises ``IncidentStateError`` before it was told at all."""
        self.check_alive()
        if self.authority_at is None:
            raise IncidentStateError("the authority was not told yet: a supplement follows a notification")
        if self.supplemented_at is not None and told_at < self.supplemented_at:
            raise InvalidInputError("a later supplement cannot be of an earlier time")
        self._check_told(told_at, act)
        if told_at < self.authority_at:
            raise InvalidInputError("a supplement cannot be earlier than the notification")
        check_reference(reference)
        self._supplemented(told_at=told_at, reference=reference, act=act, timestamp=act.at)

    def close(self, *, not_notified: str = "", act: Act) -> None:
        """End it: everybody was told, or it says why nobody was. Raises ``IncidentStateError``."""
        self.check_alive()
        if self.status == OPEN:
            raise IncidentStateError("assess it first")
        told = self.authority_at is not None and self.subjects_at is not None
        if self.notifiable and not told:
            raise IncidentStateError("a relevant risk is told to the authority and to the people before it is closed")
        if self.preliminary and self.supplemented_at is None:
            raise IncidentStateError("the notification was preliminary: supplement it first")
        if told and not_notified:
            raise InvalidInputError("authority and people were told: there is no reason why they were not")
        if not told:
            check_code("reason", not_notified, NOT_NOTIFIED)
        self._closed(not_notified=not_notified, act=act, timestamp=act.at)

    def _check_told(self, told_at: datetime, act: Act) -> None:
        if not self.known_at <= told_at <= act.at:
            raise InvalidInputError("nobody is told before it is known, nor in the future")

    @event("Assessed", topic="incident.assessed.v1")
    def _assessed(
        self,
        risk: str,
        affected: Affected,
        measures_before_sealed: str,
        measures_after_sealed: str,
        delay_sealed: str,
        act: Act,
        timestamp: datetime,
    ) -> None:
        self.status = ASSESSED
        self.assessed_at = timestamp
        self.risk = risk
        self.affected = affected
        self.measures_before_sealed = measures_before_sealed
        self.measures_after_sealed = measures_after_sealed
        self.delay_sealed = delay_sealed or self.delay_sealed
        self.changed_by = act.actor

    @event("AuthorityNotified", topic="incident.authority_notified.v1")
    def _authority_notified(
        self, told_at: datetime, reference: str, preliminary: bool, act: Act, timestamp: datetime
    ) -> None:
        self.authority_at = told_at
        self.authority_reference = reference
        self.preliminary = preliminary
        self.changed_by = act.actor

    @event("SubjectsNotified", topic="incident.subjects_notified.v1")
    def _subjects_notified(
        self, told_at: datetime, means: Sequence[str], count: int, act: Act, timestamp: datetime
    ) -> None:
        self.subjects_at = told_at
        self.subjects_means = list(means)
        self.changed_by = act.actor

    @event("Supplemented", topic="incident.supplemented.v1")
    def _supplemented(self, told_at: datetime, reference: str, act: Act, timestamp: datetime) -> None:
        self.supplemented_at = told_at
        self.changed_by = act.actor

    @event("Closed", topic="incident.closed.v1")
    def _closed(self, not_notified: str, act: Act, timestamp: datetime) -> None:
        self.status = CLOSED
        self.closed_at = timestamp
        self.not_notified = not_notified
        self.changed_by = act.actor


def check_entry(*, known_at: datetime, kind: str, cause: str, categories: Collection[str], now: datetime) -> None:
    """Raise ``InvalidInputError`` for what cannot be entered into the register."""
    check_code("kind", kind, KINDS)
    check_code("cause", cause, CAUSES)
    for category in categories:
        check_code("category", category, CATEGORIES)
    if not categories:
        raise InvalidInputError(f"name the categories of data: {', '.join(CATEGORIES)}")
    if known_at.tzinfo is None:
        raise InvalidInputError("times have an offset, such as 2026-11-22T18:00:00-03:00")
    if known_at > now:
        raise InvalidInputError("an incident cannot become known in the future")


def check_code(what: str, value: str, known: Sequence[str]) -> None:
    """Raise ``InvalidInputError`` for a code that is not on its list."""
    if value not in known:
        raise InvalidInputError(f"{what} is one of {', '.join(known)}")


def check_reference(reference: str) -> None:
    """Raise ``InvalidInputError`` unless that is empty or the number of a protocol: it stands in the clear."""
    if reference and not _REFERENCE.fullmatch(reference):
        raise InvalidInputError("a reference is a protocol number: letters, digits and . / _ -")
