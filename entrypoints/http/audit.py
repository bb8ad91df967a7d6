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
NOBODY: Final = "no history of that subject; a former one goes by the subject id, not the username"


def answer(services: Services, principal: Principal, query: dict[str, str]) -> dict[str, Any]:
    """Return the newest events that ``subject``, ``attempt`` and ``until`` ask for, as JSON values.

    An officer of one department sees that department: its enrolments, attempts and sessions, and the consents of those
    enrolled there. Raises ``InvalidInputError``, ``NotFoundError``.
    """
    attempt_id, until, subject = _attempt(query), _until(query), query.get("subject")
    try:
        return _answer(services, principal.department, subject, attempt_id, until)
    except NotFoundError:
        # One sentence for whoever never was here and for somebody of another department.
        raise NotFoundError(NOBODY) from None


def _answer(
    services: Services, department: str, subject: str | None, attempt_id: UUID | None, until: datetime | None
) -> dict[str, Any]:
    subject_id = history.subject_of(services.store, services.vault, subject) if subject else None
    found = history.events(services.store, subject_id=subject_id, attempt_id=attempt_id, until=until)
    visible = None if department == EVERYWHERE else _positions_of(services, department)
    newest: deque[RecordedEvent] = deque(maxlen=MAX_EVENTS)
    count = 0
    for event in found:
        if visible is None or event.position in visible:
            newest.append(event)
            count += 1
    if subject and visible is not None and not count:
        raise NotFoundError(NOBODY)
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


def _positions_of(services: Services, department: str) -> set[int]:
    """Return the positions of a department's events.

    Of whoever moved, a department sees what happened up to the move, and the other one from the move on.
    """
    place: dict[UUID, str] = {}
    owner: dict[UUID, UUID] = {}
    seen: set[int] = set()
    enrolled: set[UUID] = set()
    consents: list[tuple[int, UUID]] = []
    for event in history.events(services.store):
        stream, before = event.aggregate_id, place.get(event.aggregate_id)
        if "subject_id" in event.fields:
            owner[stream] = event.fields["subject_id"]
        if "department" in event.fields:
            place[stream] = event.fields["department"]
        if department in {before, place.get(stream)}:
            seen.add(event.position)
            enrolled |= {owner[stream]} if stream in owner else set()
        elif event.aggregate == Consent.TOPIC and stream in owner:
            consents.append((event.position, owner[stream]))
    return seen | {position for position, subject_id in consents if subject_id in enrolled}
