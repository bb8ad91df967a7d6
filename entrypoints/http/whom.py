"""Whom a request over HTTP is about, if this principal may know: unknown, erased and foreign people look alike."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from application import erase as erasing
from application.person import claimed_by
from application.ports.tokens import Principal
from domain.errors import InvalidInputError, NotFoundError, TokenInvalidError
from domain.roles import SUBJECT
from entrypoints.app import App
from entrypoints.http import access

NOBODY = "no such subject"


@dataclass(frozen=True, slots=True)
class Whom:
    """A person within the principal's walls. ``erased``: nothing is held about them any more."""

    subject_id: UUID
    department: str
    erased: bool = False


def own(principal: Principal) -> UUID:
    """Return whose session that is. Raises ``TokenInvalidError``."""
    if principal.subject_id is None or principal.session_id is None:
        raise TokenInvalidError("this needs a session's token")
    return principal.subject_id


def is_person(principal: Principal) -> bool:
    """Whether the principal asks about themselves."""
    return SUBJECT in principal.roles


def themselves(app: App, principal: Principal, subject_id: UUID | None, username: str | None) -> Whom:
    """Return the person of the session; naming anybody else is naming nobody. Raises ``NotFoundError``."""
    mine = own(principal)
    if subject_id not in {None, mine} or username:
        raise NotFoundError(NOBODY)
    return Whom(mine, next(iter(app.departments_of(mine)), principal.department))


def somebody(app: App, principal: Principal, subject_id: UUID | None, username: str | None = None) -> Whom:
    """Return whom an officer names by id or username. Raises ``NotFoundError``, ``InvalidInputError``."""
    if (subject_id is None) == (username is None):
        raise InvalidInputError("name the subject: subject_id or username, one of them")
    services = app.services
    found = subject_id or claimed_by(services.store, services.vault, "username", username or "")
    if found is None:
        raise NotFoundError(NOBODY)
    services.projector.catch_up()
    erasure = erasing.find(services, found)
    if erasure is not None and erasure.executed:
        if not access.reaches(principal, erasure.department):
            raise NotFoundError(NOBODY)
        return Whom(found, erasure.department, erased=True)
    department = next((d for d in app.departments_of(found) if access.reaches(principal, d)), None)
    if department is None:
        raise NotFoundError(NOBODY)
    return Whom(found, department)


def within_reach(app: App, principal: Principal, subject_id: UUID, then: str) -> bool:
    """Whether an officer reaches the department that somebody is in now; ``then``: where nobody can tell any more.

    A request goes with its person: the department that they left has no say over them.
    """
    services = app.services
    services.projector.catch_up()
    erasure = erasing.find(services, subject_id)
    if erasure is not None and erasure.executed:
        return access.reaches(principal, erasure.department)
    places = app.departments_of(subject_id) or {then}
    return any(access.reaches(principal, place) for place in places)
