"""Sessions over HTTP: for those who answer for a department, and for the person whose they are."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.ports.tokens import Principal
from application.session_control import Which, end_session, end_sessions, list_sessions
from application.viewing import record_viewing
from domain.errors import InvalidInputError, TokenInvalidError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, SUBJECT
from entrypoints.http import access
from entrypoints.http.bodies import Body, Department, Reason
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

ADMIN_REASON: Final = "administrator"
OWN_REASON: Final = "subject_request"
LOGOUT: Final = "logout"


class RevokeBody(Body):
    """Which open sessions end; all that are named must fit."""

    subject_id: UUID | None = None
    department: Department | None = None
    device_id: UUID | None = None
    reason: Reason = ADMIN_REASON

    @model_validator(mode="after")
    def _named(self) -> RevokeBody:
        if self.subject_id is None and self.department is None and self.device_id is None:
            raise ValueError("name the sessions: subject_id, department or device_id")
        return self


class SessionApi:
    """Who is signed in where, and ending it."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        admins, own = frozenset({DEPARTMENT_ADMIN}), frozenset({SUBJECT})
        seers = admins | {COMPLIANCE_OFFICER, ENCARREGADO}
        return [
            Endpoint("GET", "/face-auth/sessions", self.listed, seers),
            Endpoint("POST", "/face-auth/sessions/revoke", self.revoke, admins),
            Endpoint("DELETE", "/face-auth/sessions/{session_id:uuid}", self.revoke_one, admins),
            Endpoint("GET", "/face-auth/me/sessions", self.own, own),
            Endpoint("DELETE", "/face-auth/me/sessions", self.end_own, own),
            Endpoint("DELETE", "/face-auth/me/sessions/{session_id:uuid}", self.end_own_one, own),
            Endpoint("POST", "/face-auth/logout", self.logout, own),
        ]

    async def listed(self, request: Request) -> Response:
        """The newest sessions: ?subject=, ?department=, ?device=, ?status=open|revoked|expired|all."""
        principal, query = principal_at(request), request.query_params
        department = query.get("department")
        if department is not None:
            access.require_department(principal, department)
        which = Which(
            reach=principal.department,
            subject_id=_uuid(query.get("subject"), "subject"),
            department=department,
            device_id=_uuid(query.get("device"), "device"),
        )
        status = query.get("status", "open")
        found = await self._desk.run(list_sessions, self._services, which, status=status)
        if which.subject_id is not None and found["sessions"]:
            act = self._desk.act(principal)
            await self._desk.run(record_viewing, self._services, [which.subject_id], what="sessions", act=act)
        return JSONResponse(found)

    async def revoke(self, request: Request) -> Response:
        """End the open sessions of a subject, a department or a device."""
        principal = principal_at(request)
        body = await self._desk.body(RevokeBody, request)
        if body.department is not None:
            access.require_department(principal, body.department)
        which = Which(principal.department, body.subject_id, body.department, body.device_id)
        act = self._desk.act(principal)
        ended = await self._desk.run(end_sessions, self._services, which, reason=body.reason, act=act)
        return JSONResponse({"success": True, "revoked": ended})

    async def revoke_one(self, request: Request) -> Response:
        """End one session of the department."""
        principal = principal_at(request)
        return await self._end(request, principal, Which(principal.department), ADMIN_REASON)

    async def own(self, request: Request) -> Response:
        """The subject's own open sessions."""
        which = Which(subject_id=_subject(principal_at(request)))
        return JSONResponse(await self._desk.run(list_sessions, self._services, which))

    async def end_own(self, request: Request) -> Response:
        """End all of the subject's own sessions, the one that asks too."""
        principal = principal_at(request)
        which, act = Which(subject_id=_subject(principal)), self._desk.act(principal)
        ended = await self._desk.run(end_sessions, self._services, which, reason=OWN_REASON, act=act)
        return JSONResponse({"success": True, "revoked": ended})

    async def end_own_one(self, request: Request) -> Response:
        """End one of the subject's own sessions."""
        principal = principal_at(request)
        return await self._end(request, principal, Which(subject_id=_subject(principal)), OWN_REASON)

    async def logout(self, request: Request) -> Response:
        """End the session that asks."""
        principal = principal_at(request)
        which, act = Which(subject_id=_subject(principal)), self._desk.act(principal)
        await self._desk.run(end_session, self._services, principal.session_id, which=which, reason=LOGOUT, act=act)
        return JSONResponse({"success": True})

    async def _end(self, request: Request, principal: Principal, which: Which, reason: str) -> Response:
        session_id, act = request.path_params["session_id"], self._desk.act(principal)
        ended = await self._desk.run(end_session, self._services, session_id, which=which, reason=reason, act=act)
        return JSONResponse({"success": True, "revoked": int(ended)})


def _subject(principal: Principal) -> UUID:
    """Return whose token that is: without it, "all of their sessions" would be everybody's."""
    if principal.subject_id is None or principal.session_id is None:
        raise TokenInvalidError("this needs a session's token")
    return principal.subject_id


def _uuid(text: str | None, name: str) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise InvalidInputError(f"{name} is a UUID") from None
