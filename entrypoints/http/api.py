"""The JSON API: consent, erasure, audit, operations; and the table of all endpoints."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import consent as consents
from application.notice import CURRENT
from application.person import claimed_by
from application.ports.tokens import Principal
from domain.errors import ConsentMissingError, InvalidInputError, NotFoundError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, SUBJECT
from entrypoints.http import access, audit, bodies, erasure
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.enrolling import EnrollmentApi
from entrypoints.http.exports import ExportApi
from entrypoints.http.lockouts import LockoutApi
from entrypoints.http.pairing import DeviceApi
from entrypoints.http.passwords import PasswordApi
from entrypoints.http.reception import ReceptionApi
from entrypoints.http.scim import ScimApi
from entrypoints.http.sessions import SessionApi
from entrypoints.http.signal_operations import SignalOperations
from entrypoints.http.signals import SignalApi
from entrypoints.http.tokens import TokenApi


def all_endpoints(desk: Desk, connections: Callable[[], int]) -> list[Endpoint]:
    """Return every endpoint there is; ``connections`` tells how many WebSockets are open."""
    return [
        *EnrollmentApi(desk).endpoints(),
        *DeviceApi(desk).endpoints(),
        *LockoutApi(desk).endpoints(),
        *PasswordApi(desk).endpoints(),
        *Api(desk, connections).endpoints(),
        *SignalApi(desk).endpoints(),
        *ReceptionApi(desk).endpoints(),
        *ScimApi(desk).endpoints(),
        *SignalOperations(desk).endpoints(),
        *TokenApi(desk).endpoints(),
        *SessionApi(desk).endpoints(),
        *ExportApi(desk).endpoints(),
    ]


class Api:
    """What people, officers and operations ask for."""

    def __init__(self, desk: Desk, connections: Callable[[], int]) -> None:
        """Work at that desk; ``connections`` tells how many WebSockets are open."""
        self._desk = desk
        self._app = desk.app
        self._connections = connections

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        own = frozenset({SUBJECT, DEPARTMENT_ADMIN})
        officers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", "/face-auth/consent/notice", self.notice, ANYONE),
            Endpoint("POST", "/face-auth/consent", self.grant_consent, own),
            Endpoint("POST", "/face-auth/consent/withdraw", self.withdraw_consent, own),
            Endpoint("POST", "/face-auth/subjects/erase", self.erase, own),
            Endpoint("POST", "/face-auth/subjects/{subject_id:uuid}/erase", self.erase, own),
            Endpoint(
                "GET", "/face-auth/subjects/{subject_id:uuid}/erasure", self.erasure, officers | {DEPARTMENT_ADMIN}
            ),
            Endpoint("GET", "/face-auth/audit/events", self.audit_events, officers),
            Endpoint("GET", "/face-auth/health", self.health, ANYONE),
            Endpoint("GET", "/face-auth/ready", self.ready, ANYONE),
            Endpoint("GET", "/.well-known/jwks.json", self.jwks, ANYONE),
        ]

    async def notice(self, _request: Request) -> Response:
        """The privacy notice in force."""
        return JSONResponse(
            {
                "notice_version": CURRENT.version,
                "version": CURRENT.version,
                "sha256": CURRENT.sha256,
                "text": {"pt-BR": CURRENT.pt_br, "en": CURRENT.en},
            }
        )

    async def grant_consent(self, request: Request) -> Response:
        """Give consent: to a newer notice, or again after a withdrawal."""
        principal = principal_at(request)
        body = await self._desk.body(bodies.GrantBody, request)
        if not body.accepted:
            raise ConsentMissingError("consent was not given")
        subject_id = await self._desk.run(self._subject, principal, body.subject_id, body.username)
        changed = await self._desk.run(
            consents.grant,
            self._app.services,
            subject_id,
            notice_version=body.notice_version,
            act=self._desk.act(principal),
            **({} if body.purposes is None else {"purposes": body.purposes}),
        )
        return JSONResponse({"success": True, "subject_id": str(subject_id), "granted": changed})

    async def withdraw_consent(self, request: Request) -> Response:
        """Withdraw consent; effective before this answers."""
        principal = principal_at(request)
        body = await self._desk.body(bodies.WithdrawBody, request)
        subject_id = await self._desk.run(self._subject, principal, body.subject_id, body.username)
        ended = await self._desk.run(
            consents.withdraw,
            self._app.services,
            subject_id,
            reason=body.reason,
            act=self._desk.act(principal),
            **({} if body.purposes is None else {"purposes": body.purposes}),
        )
        return JSONResponse(
            {
                "success": True,
                "subject_id": str(subject_id),
                "withdrawn": ended.purposes,
                "enrollment_revoked": ended.enrollment_revoked,
                "sessions_revoked": ended.sessions_revoked,
            }
        )

    async def erase(self, request: Request) -> Response:
        """Erase a person, named in the path or in the body; effective before this answers."""
        principal = principal_at(request)
        body = await self._desk.body(bodies.EraseBody, request)
        if body.now:
            access.require_role(principal, DEPARTMENT_ADMIN)
        named = request.path_params.get("subject_id")
        return await self._desk.run(erasure.answer_erase, self._app, principal, body, named, self._subject)

    async def erasure(self, request: Request) -> Response:
        """How an erasure stands, and its certificate."""
        return await self._desk.run(
            erasure.answer_standing, self._app, principal_at(request), request.path_params["subject_id"]
        )

    async def audit_events(self, request: Request) -> Response:
        """The history, for the compliance officer: ?subject=, ?attempt=, ?until=."""
        principal = principal_at(request)
        return JSONResponse(
            await self._desk.run(audit.answer, self._app.services, principal, dict(request.query_params))
        )

    async def health(self, _request: Request) -> Response:
        """Whether the process lives; the brief's form."""
        loaded = self._app.vision_ready
        names = ("face_detection", "face_encoding", "liveness", "anti_spoofing")
        return JSONResponse(
            {
                "status": "healthy",
                "active_connections": self._connections(),
                "models_loaded": dict.fromkeys(names, loaded),
            }
        )

    async def ready(self, _request: Request) -> Response:
        """Whether people can sign in: models, store, projections, gallery."""
        checks = await self._desk.run(self._app.readiness)
        ready = all(check["ok"] for check in checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)

    async def jwks(self, _request: Request) -> Response:
        """The public keys of our tokens."""
        return JSONResponse(dict(self._app.services.tokens.jwks()), headers={"cache-control": "public, max-age=300"})

    def _subject(self, principal: Principal, subject_id: UUID | None, username: str | None) -> UUID:
        """Return whom the request is about: the subject itself, or whom an administrator of the department names."""
        services = self._app.services
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
        # Whoever was enrolled a moment ago must be found.
        services.projector.catch_up()
        departments = self._app.departments_of(found)
        if not any(access.reaches(principal, department) for department in departments):
            raise NotFoundError("no such subject")
        return found
