"""Whom a request is about."""

from __future__ import annotations

from uuid import UUID

from application.person import claimed_by
from application.ports.tokens import Principal
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import DEPARTMENT_ADMIN, SUBJECT
from entrypoints.app import App
from entrypoints.http import access


def named_subject(app: App, principal: Principal, subject_id: UUID | None, username: str | None) -> UUID:
    """Return whom the request is about: the subject itself, or whom an administrator of the department names.

    Raises ``NotFoundError`` for anybody else, ``InvalidInputError``, ``NotAllowedError``.
    """
    services = app.services
    if SUBJECT in principal.roles:
        if principal.subject_id is None or subject_id not in {None, principal.subject_id} or username:
            raise NotFoundError("no such subject")
        return principal.subject_id
    access.require_role(principal, DEPARTMENT_ADMIN)
    if (subject_id is None) == (username is None):
        raise InvalidInputError("name the subject: subject_id or username, one of them")
    found = subject_id or claimed_by(services.store, services.vault, "username", username or "")
    if found is None:
        raise NotFoundError("no such subject")
    check_within(app, principal, found)
    return found


def check_within(app: App, principal: Principal, subject_id: UUID) -> None:
    """Raise ``NotFoundError`` unless that subject belongs to a department that the principal reaches."""
    # Whoever was enrolled a moment ago must be found.
    app.services.projector.catch_up()
    if not any(access.reaches(principal, department) for department in app.departments_of(subject_id)):
        raise NotFoundError("no such subject")
