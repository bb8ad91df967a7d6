"""How the house stands now: people, consents, erasures, incidents; counts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from application import incidents
from application.ports.event_store import RecordedEvent
from application.reporting.rights import Requests, requests
from application.services import Services
from domain.consent import PAPER


@dataclass(frozen=True, slots=True)
class Entry:
    """An incident as documents list it: codes, counts and clocks, no words."""

    incident_id: str
    known_at: datetime
    kind: str
    cause: str
    status: str
    risk: str
    subjects: int | None
    clocks: list[incidents.Clock]
    not_notified: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts by state, as of ``at``."""

    at: datetime
    enrolled: dict[str, int]
    enrollments: dict[str, int]
    accounts: dict[str, int]
    consents: dict[str, dict[str, int]]
    paper_consents: int
    erasures: dict[str, int]
    devices: dict[str, int]
    sessions_open: int
    requests: Requests
    incidents: list[Entry]


def standing(services: Services) -> Standing:
    """Count. Raises ``UnavailableError``."""
    services.projector.catch_up()
    rows = services.read_models.rows
    enrollments, consents = rows("enrollment_rows"), rows("consent_rows")
    by_purpose: dict[str, dict[str, int]] = {}
    for row in consents:
        states = by_purpose.setdefault(row["purpose"], {})
        states[row["status"]] = states.get(row["status"], 0) + 1
    return Standing(
        at=services.clock.now(),
        enrolled=_counted(row["department"] for row in enrollments if row["status"] == "active"),
        enrollments=_counted(row["status"] for row in enrollments),
        accounts=_counted(row["status"] for row in rows("account_rows")),
        consents={purpose: dict(sorted(states.items())) for purpose, states in sorted(by_purpose.items())},
        paper_consents=sum(row["channel"] == PAPER for row in consents),
        erasures=_counted(row["status"] for row in rows("erasure_rows")),
        devices=_counted(row["status"] for row in rows("device_rows")),
        sessions_open=sum(row["status"] == "open" for row in rows("session_rows")),
        requests=requests(services),
        incidents=[entry(services, incident) for incident in incidents.listing(services)],
    )


def entry(services: Services, incident: Any) -> Entry:
    """Return an incident as documents list it."""
    return Entry(
        incident_id=str(incident.id),
        known_at=incident.known_at,
        kind=incident.kind,
        cause=incident.cause,
        status=incident.status,
        risk=incident.risk,
        subjects=incident.affected.subjects if incident.affected else None,
        clocks=incidents.clocks(incident, services.calendar, services.clock.now()),
        not_notified=incident.not_notified,
    )


def is_paper(event: RecordedEvent) -> bool:
    """Say whether a consent event records a form that was signed on paper."""
    return event.name in {"consent.granted.v1", "consent.renewed.v1"} and event.fields.get("collected") == PAPER


def _counted(values: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def as_document(found: Any) -> dict[str, Any]:
    """Return dataclasses as plain values for JSON."""
    return asdict(found)
