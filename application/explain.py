"""Why an attempt ended as it did: gathered from events alone, each as it stood at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from application import explain_checks as checks
from application import history
from application.explain_checks import Check
from application.ports.event_index import Wanted
from application.ports.event_store import RecordedEvent
from application.services import Services
from application.words import Words
from application.words.events import words_of
from domain.attempt import Attempt
from domain.consent import PURPOSES, Consent
from domain.errors import NotFoundError

NO_ATTEMPT: Final = "there is no such attempt"
LOOK_BACK: Final = timedelta(days=1)
"""How far before an attempt its lockouts are looked for."""
MOST_LOCKOUTS: Final = 500
MOST_AFTERWARDS: Final = 200
"""Events of what happened afterwards that are told; a session may be refreshed a thousand times."""
MOST_OF_A_REASON: Final = 50
DECIDED: Final = {
    "attempt.succeeded.v1": True,
    "attempt.second_factor_accepted.v1": True,
    "attempt.fallback_succeeded.v1": True,
    "attempt.factor_accepted.v1": None,
    "attempt.refused.v1": False,
    "attempt.second_factor_refused.v1": False,
    "attempt.fallback_refused.v1": False,
    "attempt.abandoned.v1": False,
}
"""Whether somebody was let in by it; None: not yet."""


def people_of(services: Services, attempt_id: UUID, department: str | None = None) -> set[UUID]:
    """Return whom an attempt is about, as far as that department (None: any) may see it. Raises ``NotFoundError``."""
    wanted = Wanted(attempt_id=attempt_id, department=department, event=Attempt.TOPIC)
    found = [line for page in history.lines(services, wanted) for line in page if line.stream_id == attempt_id]
    if not found:
        raise NotFoundError(NO_ATTEMPT)
    return {line.subject_id for line in found if line.subject_id is not None}


def explain(services: Services, attempt_id: UUID) -> dict[str, Any]:
    """Return the explanation of an attempt as JSON values, each sentence in Portuguese and English.

    "verdict" in one sentence; "checks" in the order in which they are made, each with "passed" (true, false, or null
    where it was not reached or is no yes or no), its "facts" and its words; what the client was "told"; what happened
    "afterwards"; and what older versions did not record. Raises ``NotFoundError``, ``UnavailableError``.
    """
    events = services.store.stream(attempt_id)
    if not events or events[0].aggregate not in {Attempt.TOPIC, ""}:
        raise NotFoundError(NO_ATTEMPT)
    told = {event.name: event for event in events}
    subject_id = _subject(events)
    ended = next((event for event in reversed(events) if event.name in DECIDED), events[-1])
    found = [
        checks.mode(told.get("attempt.started.v1")),
        checks.rules(told.get("attempt.challenge_issued.v1")),
        checks.lockout(_lockouts(services, events, subject_id)),
        checks.device(told.get("attempt.device_proven.v1"), told.get("attempt.refused.v1")),
        *checks.evidence(told.get("attempt.challenge_issued.v1"), told.get("attempt.evidence_assessed.v1"), ended),
        *checks.matching(told.get("attempt.challenge_issued.v1"), _matched(events)),
        *_person(services, events, subject_id, ended),
        checks.second_factor(events),
    ]
    kept = [check for check in found if check is not None]
    return {
        "attempt_id": str(attempt_id),
        "subject_id": str(subject_id) if subject_id else None,
        "department": events[0].fields.get("department"),
        "started_at": events[0].at.isoformat() if events[0].dated else None,
        "ended_at": ended.at.isoformat() if ended.name in DECIDED else None,
        "admitted": DECIDED.get(ended.name),
        "verdict": checks.verdict(ended).document(),
        "checks": [check.document() for check in kept],
        "told": checks.told(ended, told.get("attempt.fallback_offered.v1")),
        "afterwards": _afterwards(services, attempt_id, events, ended),
        "not_recorded": sorted({name for check in kept for name in check.missing}),
        "unreadable": [_raw(event) for event in events if event.topic],
    }


def _subject(events: Sequence[RecordedEvent]) -> UUID | None:
    named = [event.fields["subject_id"] for event in events if event.fields.get("subject_id")]
    return named[-1] if named else None


def _matched(events: Sequence[RecordedEvent]) -> RecordedEvent | None:
    return next((event for event in events if event.fields.get("match") is not None), None)


def _person(
    services: Services, events: Sequence[RecordedEvent], subject_id: UUID | None, ended: RecordedEvent
) -> list[Check | None]:
    if subject_id is None:
        return []
    consents = {}
    for purpose in PURPOSES:
        stream = services.store.stream(Consent.create_id(subject_id, purpose))
        consents[purpose] = [event for event in stream if event.position <= ended.position]
    found: list[Check | None] = [checks.consent(consents)]
    used = next((event for event in events if event.fields.get("template_id")), None)
    if used is not None:
        enrolled = services.store.stream(used.fields["enrollment_id"])
        found.append(checks.template(used, [event for event in enrolled if event.position <= used.position]))
    return found


def _lockouts(
    services: Services, events: Sequence[RecordedEvent], subject_id: UUID | None
) -> list[tuple[RecordedEvent, bool]]:
    """Return lockouts of that place or person around the attempt, each with whether it stood when the attempt ended."""
    first, last = events[0], events[-1]
    department = first.fields.get("department")
    # What an attempt did to the count is written just after it, by the same request.
    since = first.at - LOOK_BACK if first.dated else None
    until = last.at + timedelta(minutes=1) if last.dated else None
    wanted = Wanted(event="lockout", department=department, since=since, until=until)
    lines = [line for page in history.lines(services, wanted, MOST_LOCKOUTS, newest_first=True) for line in page]
    devices = {event.fields["device_id"] for event in events if event.fields.get("device_id")}
    found = []
    for stream_id in dict.fromkeys(line.stream_id for line in lines):
        stream = services.store.stream(stream_id)
        begun = stream[0]
        by_this = first.aggregate_id in {each.fields["act"].causation_id for each in stream if "act" in each.fields}
        about = begun.fields.get("subject_id") in {subject_id} - {None} or begun.fields.get("device_id") in devices
        if by_this or about or begun.fields.get("scope") == "department":
            before = [each for each in stream if each.position <= last.position]
            standing = bool(before) and before[-1].name in {"lockout.imposed.v1", "lockout.extended.v1"}
            until_then = before[-1].fields.get("until") if standing else None
            found.append((begun, standing and (until_then is None or until_then > first.at)))
    return found


def _afterwards(
    services: Services, attempt_id: UUID, events: Sequence[RecordedEvent], ended: RecordedEvent
) -> list[dict[str, Any]]:
    """Return what happened after the decision: to the attempt, and to the session that it opened."""
    later = [event for event in events if event.position > ended.position]
    for event in events:
        session_id = event.fields.get("session_id")
        if session_id is not None:
            later += services.store.stream(session_id)
    caused = history.events(services, attempt_id=attempt_id, limit=MOST_AFTERWARDS)
    later += [event for event in caused if event.aggregate_id != attempt_id]
    unique = {event.position: event for event in later}
    return [_line(unique[position]) for position in sorted(unique)][:MOST_AFTERWARDS]


def _line(event: RecordedEvent) -> dict[str, Any]:
    words: Words = words_of(event.name, known=bool(event.aggregate))
    reason = event.fields.get("reason") or event.fields.get("code")
    return {
        "position": event.position,
        "at": event.at.isoformat() if event.dated else None,
        "event": event.topic or event.name,
        "reason": reason if isinstance(reason, str) and len(reason) <= MOST_OF_A_REASON else None,
        **words.document(),
    }


def _raw(event: RecordedEvent) -> dict[str, Any]:
    words = words_of(event.name, known=bool(event.aggregate))
    return {"position": event.position, "topic": event.topic, "bytes": event.size, **words.document()}
