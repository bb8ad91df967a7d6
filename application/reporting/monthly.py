"""One month in numbers, counted from its events: nothing estimated, nothing personal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from application import history, incidents, retention
from application.ports.event_store import RecordedEvent
from application.reporting.facts import Deployment
from application.reporting.rights import Requests, requests_between
from application.reporting.standing import Entry, entry, is_paper
from application.services import Services
from domain.errors import InvalidInputError
from domain.journal import DONE

REFUSED: Final = "attempt.refused.v1"
ENDS: Final = {
    "attempt.succeeded.v1": "face",
    "attempt.second_factor_accepted.v1": "face_and_password",
    "attempt.fallback_succeeded.v1": "password",
    "attempt.fallback_refused.v1": "password_refused",
    REFUSED: "refused",
    "attempt.second_factor_refused.v1": "second_factor_refused",
    "attempt.abandoned.v1": "abandoned",
}
"""How an attempt ends, by the event that says so; the last such event counts."""

COUNTED: Final = {
    "enrollment.activated.v1": "enrolled",
    "enrollment.revoked.v1": "revoked",
    "enrollment.suspended.v1": "suspended",
    "enrollment.capture_rejected.v1": "captures_rejected",
    "consent.granted.v1": "consents_granted",
    "consent.renewed.v1": "consents_renewed",
    "consent.withdrawn.v1": "consents_withdrawn",
    "consent.objected.v1": "objections",
    "consent.expired.v1": "consents_expired",
    "erasure.requested.v1": "erasures_requested",
    "erasure.executed.v1": "erasure_certificates",
    "erasure.finalised.v1": "erasures_final",
    "lockout.imposed.v1": "lockouts",
    "lockout.released.v1": "lockouts_released",
    "rotation.planned.v1": "rotations_planned",
    "rotation.completed.v1": "rotations_completed",
    "rotation.template_rotated.v1": "templates_rotated",
    "device.paired.v1": "devices_paired",
    "device.revoked.v1": "devices_revoked",
    "session.opened.v1": "sessions",
    "viewing.recorded.v1": "viewings",
    "incident.opened.v1": "incidents_opened",
    "incident.closed.v1": "incidents_closed",
}
RETENTION_KINDS: Final = ("epoch_destruction", "transform.destroyed", "key_backup.deleted", incidents.FORGOTTEN)
"""Journal entries that say that something went because its time was over."""
EXPORT_KINDS: Final = ("audit_export", "audit_stream")
"""Journal entries that say that history left the house, as files or to a SIEM."""
WHILE: Final = timedelta(days=1)
"""How long after the month its last attempts are followed; what ends even later is looked up one by one."""


@dataclass(slots=True)
class Attempts:
    """Attempts that began in the month. ``presented`` received a frame; of those ``fta`` had no usable one."""

    started: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    by_department: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    by_day: Counter[str] = field(default_factory=Counter)
    refused_by_day: Counter[str] = field(default_factory=Counter)
    presented: int = 0
    fta: int = 0

    @property
    def fta_rate(self) -> float | None:
        """Failures to acquire over attempts that received a frame (ISO/IEC 19795-1); None where none did."""
        return self.fta / self.presented if self.presented else None


@dataclass(frozen=True, slots=True)
class Monthly:
    """The report's numbers. ``since`` and ``until`` bound the month, aware UTC, the end excluded."""

    month: str
    made_at: datetime
    since: datetime
    until: datetime
    complete: bool
    attempts: Attempts
    counts: dict[str, int]
    paper_consents: int
    journal: dict[str, int]
    keys_deleted: dict[str, int]
    retention: list[dict[str, Any]]
    exports: int
    received: Requests
    answered: Requests
    incidents: list[Entry]
    deployment: Deployment


@dataclass(slots=True)
class _Tally:
    attempts: Attempts = field(default_factory=Attempts)
    counts: Counter[str] = field(default_factory=Counter)
    paper: int = 0
    journal: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    exports: int = 0
    began: set[UUID] = field(default_factory=set)
    ended: dict[UUID, str] = field(default_factory=dict)
    why: dict[UUID, str] = field(default_factory=dict)
    days: dict[UUID, str] = field(default_factory=dict)


def monthly(services: Services, deployment: Deployment, month: str | None = None) -> Monthly:
    """Count a month ("yyyy-mm", local time; default: this one). Raises ``InvalidInputError``."""
    now = services.clock.now()
    month = month or f"{services.calendar.local_day(now):%Y-%m}"
    since, until = bounds(services, month)
    if since > now:
        raise InvalidInputError("that month has not begun")
    tally = _Tally()
    for event in history.events(services, since=since, until=until + WHILE):
        if event.aggregate == "attempt":
            _attempt(tally, event, services, begins=since <= event.at < until)
        if since <= event.at < until:
            _count(tally, event)
    for attempt in tally.began - set(tally.ended):
        for event in services.store.stream(attempt):
            _end(tally, event)
    received, answered = requests_between(services, since, until)
    for attempt in tally.began:
        end = tally.ended.get(attempt, "undecided")
        tally.attempts.outcomes[end] += 1
        if end == "refused":
            tally.attempts.refusals[tally.why[attempt]] += 1
            tally.attempts.refused_by_day[tally.days[attempt]] += 1
    return Monthly(
        month=month,
        made_at=now,
        since=since,
        until=until,
        complete=until <= now,
        attempts=tally.attempts,
        counts={name: tally.counts[name] for name in COUNTED.values()},
        paper_consents=tally.paper,
        journal=_sorted(tally.journal),
        keys_deleted=_sorted(tally.deleted),
        retention=retention.report(services, since, until),
        exports=tally.exports,
        received=received,
        answered=answered,
        incidents=[
            entry(services, one)
            for one in incidents.listing(services)
            if one.opened_at < until and (one.closed_at is None or one.closed_at >= since)
        ],
        deployment=deployment,
    )


def bounds(services: Services, month: str) -> tuple[datetime, datetime]:
    """Return when a local month begins and when the next one does. Raises ``InvalidInputError``."""
    try:
        first = datetime.combine(date.fromisoformat(f"{month}-01"), time(), UTC).date()
        following = (first + timedelta(days=31)).replace(day=1)
        return tuple(services.calendar.end_of(day - timedelta(days=1)) for day in (first, following))  # type: ignore[return-value]
    except (ValueError, OverflowError):
        raise InvalidInputError("a month is written like 2026-11") from None


def _attempt(tally: _Tally, event: RecordedEvent, services: Services, *, begins: bool) -> None:
    attempt, found = event.aggregate_id, tally.attempts
    if event.name == "attempt.started.v1" and begins:
        day = services.calendar.local_day(event.at).isoformat()
        tally.began.add(attempt)
        tally.days[attempt] = day
        found.started += 1
        found.by_day[day] += 1
        found.by_department[event.fields["department"]] += 1
    if attempt not in tally.began:
        return
    if event.name == "attempt.evidence_assessed.v1":
        evidence = event.fields["evidence"]
        found.presented += evidence.frames_received > 0
        found.fta += evidence.frames_received > 0 and evidence.frames_usable == 0
    _end(tally, event)


def _end(tally: _Tally, event: RecordedEvent) -> None:
    attempt = event.aggregate_id
    if event.name in ENDS:
        tally.ended[attempt] = ENDS[event.name]
        if event.name == REFUSED:
            tally.why[attempt] = event.fields["reason"] or event.fields["code"]


def _count(tally: _Tally, event: RecordedEvent) -> None:
    if event.name in COUNTED:
        tally.counts[COUNTED[event.name]] += 1
    tally.paper += is_paper(event)
    if event.aggregate == "journal":
        kind, outcome = event.fields["kind"], event.fields["outcome"]
        tally.journal[kind if outcome == DONE else f"{kind} ({outcome})"] += 1
        if kind in RETENTION_KINDS and outcome == DONE:
            tally.deleted[kind] += 1
        tally.exports += kind in EXPORT_KINDS and outcome == DONE


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))
