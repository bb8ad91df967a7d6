"""Erasure over HTTP: for the administrator of the person's department, and for the person."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from starlette.responses import JSONResponse, Response

from application import erase as erasing
from application.ports.tokens import Principal
from domain.errors import InvalidInputError, NotFoundError
from entrypoints.app import App
from entrypoints.http import access, bodies

FindSubject = Callable[[Principal, UUID | None, str | None], UUID]
"""Whom a request is about, if this principal may know. Raises ``NotFoundError``."""


def answer_erase(
    app: App, principal: Principal, body: bodies.EraseBody, named: UUID | None, find: FindSubject
) -> Response:
    """Erase a person; effective before this answers."""
    if named is not None and body.subject_id not in {None, named}:
        raise InvalidInputError("the path and the body name two people")
    subject_id = find(principal, named or body.subject_id, body.username)
    erased = erasing.erase(
        app.services, subject_id, act=app.services.act(principal.actor, "http"), reason=body.reason, now=body.now
    )
    return JSONResponse(erasing.as_document(erased))


def answer_standing(app: App, principal: Principal, subject_id: UUID) -> Response:
    """Return how an erasure stands, with its certificate, to an officer or administrator of that department."""
    erasure = erasing.find(app.services, subject_id)
    if erasure is None or not access.reaches(principal, erasure.department):
        raise NotFoundError("that person was not erased")
    return JSONResponse(erasing.as_document(erasing.standing(app.services, subject_id)))
