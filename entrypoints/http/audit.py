"""The officer's questions as the API takes them: events, one attempt explained, one person's timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import history
from application.explain import explain, people_of
from application.ports.event_index import Wanted
from application.ports.event_store import RecordedEvent
from application.ports.tokens import Principal
from application.services import Services
from application.timeline import timeline
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from entrypoints.http import access
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

MAX_EVENTS: Final = 10_000
NOBODY: Final = "no history of that subject; a former one goes by the subject id, not the username"
NEWEST, OLDEST = "newest", "oldest"
MAX_CHARACTERS: Final = 200
"""Of an actor, an outcome, an event's name, a department."""


class AuditApi:
    """Three endpoints."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        officers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", "/face-auth/audit/events", self.events, officers),
            Endpoint("GET", "/face-auth/audit/attempts/{attempt_id:uuid}/explanation", self.explanation, officers),
            Endpoint("GET", "/face-auth/audit/subjects/{subject_id:uuid}/timeline", self.timeline, officers),
        ]

    async def events(self, request: Request) -> Response:
        """The history: see ``answer`` for what it can be asked by."""
        principal = principal_at(request)
        query, act = dict(request.query_params), self._desk.act(principal)
        return JSONResponse(await self._desk.run(answer, self._desk.app.services, principal, query, act))

    async def explanation(self, request: Request) -> Response:
        """Why an attempt ended as it did."""
        principal, attempt_id = principal_at(request), request.path_params["attempt_id"]
        act = self._desk.act(principal)
        return JSONResponse(await self._desk.run(explained, self._desk.app.services, principal, attempt_id, act))

    async def timeline(self, request: Request) -> Response:
        """Everything about one person."""
        principal, subject_id = principal_at(request), request.path_params["subject_id"]
        act = self._desk.act(principal)
        return JSONResponse(await self._desk.run(timeline_of, self._desk.app.services, principal, subject_id, act))


def answer(services: Services, principal: Principal, query: dict[str, str], act: Act) -> dict[str, Any]:
    """Return the events that the query asks for, as JSON values, after writing down whose data it shows.

    ``subject`` (id or username), ``attempt``, ``department``, ``actor``, ``outcome`` (an outcome or a code), ``event``
    (a topic or an aggregate), ``since`` and ``until`` narrow it; ``after`` and ``before`` (positions) and ``limit``
    page through it. Without ``order=newest``, or ``after``, these are the newest events there are, the oldest of them
    first; "truncated" says that there are more, and "next" with which position to go on.

    An officer of one department sees that department: its enrolments, attempts and sessions, and the consents of those
    enrolled there. Raises ``InvalidInputError``, ``NotFoundError``, ``DepartmentForbiddenError``.
    """
    subject, limit = query.get("subject"), _number(query, "limit", MAX_EVENTS)
    if not 0 < limit <= MAX_EVENTS:
        raise InvalidInputError(f"limit is a number from 1 to {MAX_EVENTS}")
    if query.get("order", OLDEST) not in {NEWEST, OLDEST}:
        raise InvalidInputError(f"order is {NEWEST} or {OLDEST}")
    forward = "after" in query
    try:
        wanted = _wanted(services, principal, query)
        found = _events(services, wanted, limit + 1, newest_first=not forward)
        if subject and not found:
            _check_seen(services, wanted)
    except NotFoundError:
        # One sentence for whoever never was here and for somebody of another department.
        raise NotFoundError(NOBODY) from None
    more, found = len(found) > limit, found[:limit]
    _record(services, found, wanted, act)
    if forward == (query.get("order") == NEWEST):
        found = found[::-1]
    last = max if forward else min
    return {
        "events": [history.as_document(event, services.vault, wanted.subject_id) for event in found],
        "truncated": more,
        "next": {"after" if forward else "before": last(event.position for event in found)} if more else None,
    }


def explained(services: Services, principal: Principal, attempt_id: UUID, act: Act) -> dict[str, Any]:
    """Return why an attempt ended as it did, after writing down whose it is. Raises ``NotFoundError``."""
    people = people_of(services, attempt_id, _reach(principal))
    record_viewing(services, people, what="attempt", act=act)
    return explain(services, attempt_id)


def timeline_of(services: Services, principal: Principal, subject_id: UUID, act: Act) -> dict[str, Any]:
    """Return everything about one person, after writing down that it was looked at. Raises ``NotFoundError``."""
    try:
        found = timeline(services, subject_id, department=_reach(principal))
    except NotFoundError:
        raise NotFoundError(NOBODY) from None
    record_viewing(services, [subject_id], what="timeline", act=act)
    return found


def _events(services: Services, wanted: Wanted, limit: int, *, newest_first: bool) -> list[RecordedEvent]:
    return list(
        history.events(
            services,
            **{name: getattr(wanted, name) for name in Wanted.__slots__},
            limit=limit,
            newest_first=newest_first,
        )
    )


def _check_seen(services: Services, wanted: Wanted) -> None:
    """Raise ``NotFoundError`` unless something of that person can be seen at all, whatever else was asked."""
    one = Wanted(subject_id=wanted.subject_id, department=wanted.department)
    if not any(history.lines(services, one, 1)):
        raise NotFoundError(NOBODY)


def _record(services: Services, found: list[RecordedEvent], wanted: Wanted, act: Act) -> None:
    people = {person for event in found for person in history.opened_people(event)}
    if wanted.subject_id is not None:
        people.add(wanted.subject_id)
    if wanted.attempt_id is not None:
        people |= {event.fields["subject_id"] for event in found if event.fields.get("subject_id")}
    record_viewing(services, sorted(people), what="events", act=act)


def _wanted(services: Services, principal: Principal, query: dict[str, str]) -> Wanted:
    subject, department = query.get("subject"), _text(query, "department")
    if department is not None:
        access.require_department(principal, department)
    return Wanted(
        subject_id=history.subject_of(services.store, services.vault, subject) if subject else None,
        attempt_id=_attempt(query),
        department=department or _reach(principal),
        actor=_text(query, "actor"),
        outcome=_text(query, "outcome"),
        event=_text(query, "event"),
        since=_time(query, "since"),
        until=_time(query, "until"),
        after=_number(query, "after", 0),
        before=_number(query, "before", 0) or None,
    )


def _reach(principal: Principal) -> str | None:
    return None if principal.department == EVERYWHERE else principal.department


def _text(query: dict[str, str], name: str) -> str | None:
    text = query.get(name) or None
    if text is not None and (len(text) > MAX_CHARACTERS or "\0" in text):
        raise InvalidInputError(f"{name} takes at most {MAX_CHARACTERS} printable characters")
    return text


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 18):  # noqa: PLR2004 - digits that fit a bigint
        raise InvalidInputError(f"{name} is a whole number")
    return int(text)


def _attempt(query: dict[str, str]) -> UUID | None:
    try:
        return UUID(query["attempt"]) if "attempt" in query else None
    except ValueError as error:
        raise InvalidInputError("attempt is a UUID") from error


def _time(query: dict[str, str], name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(query[name]) if name in query else None
    except ValueError as error:
        raise InvalidInputError(f"{name} is an RFC 3339 time with its offset") from error
    if moment is not None and moment.tzinfo is None:
        raise InvalidInputError(f"{name} is an RFC 3339 time with its offset")
    return moment
