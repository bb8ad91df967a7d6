"""The officer's questions as the API takes them."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application import history
from application.ports.event_store import RecordedEvent
from application.ports.tokens import Principal
from application.services import Services
from domain.consent import Consent
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import EVERYWHERE

MAX_EVENTS: Final = 10_000


def answer(services: Services, principal: Principal, query: dict[str, str]) -> dict[str, Any]:
    """Return the newest events that ``subject``, ``attempt`` and ``until`` ask for, as JSON values.

    An officer of one department sees that department: its enrolments, attempts and sessions, and the consents of those
    enrolled there. Raises ``InvalidInputError``, ``NotFoundError``.
    """
    subject = query.get("subject")
    subject_id = history.subject_of(services.store, services.vault, subject) if subject else None
    found = history.events(services.store, subject_id=subject_id, attempt_id=_attempt(query), until=_until(query))
    visible = None if principal.department == EVERYWHERE else _streams_of(services, principal.department)
    newest: deque[RecordedEvent] = deque(maxlen=MAX_EVENTS)
    count = 0
    for event in found:
        if visible is None or event.aggregate_id in visible:
            newest.append(event)
            count += 1
    if subject and visible is not None and not count:
        raise NotFoundError("nobody of that username is enrolled; use the subject id of a former one")
    shown = [history.as_document(event, services.vault, subject_id) for event in newest]
    return {"events": shown, "truncated": count > MAX_EVENTS}


def _attempt(query: dict[str, str]) -> UUID | None:
    try:
        return UUID(query["attempt"]) if "attempt" in query else None
    except ValueError as error:
        raise InvalidInputError("attempt is a UUID") from error


def _until(query: dict[str, str]) -> datetime | None:
    try:
        until = datetime.fromisoformat(query["until"]) if "until" in query else None
    except ValueError as error:
        raise InvalidInputError("until is an RFC 3339 time with its offset") from error
    if until is not None and until.tzinfo is None:
        raise InvalidInputError("until is an RFC 3339 time with its offset")
    return until


def _streams_of(services: Services, department: str) -> set[UUID]:
    streams: set[UUID] = set()
    enrolled: set[UUID] = set()
    consents: dict[UUID, UUID] = {}
    for event in history.events(services.store):
        fields = event.fields
        if fields.get("department") == department:
            streams.add(event.aggregate_id)
            enrolled |= {fields["subject_id"]} if "subject_id" in fields else set()
        if event.aggregate == Consent.TOPIC and "subject_id" in fields:
            consents[event.aggregate_id] = fields["subject_id"]
    return streams | {stream for stream, subject_id in consents.items() if subject_id in enrolled}
