"""The JSON API: erasure, audit, operations; and the table of all endpoints."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, SUBJECT
from entrypoints.http import access, bodies, erasure
from entrypoints.http.audit import AuditApi
from entrypoints.http.audit_log import AuditLogApi
from entrypoints.http.consent import ConsentApi
from entrypoints.http.consent_form import ConsentForm
from entrypoints.http.consents import ConsentsApi
from entrypoints.http.console.console import Console
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.enrolling import EnrollmentApi
from entrypoints.http.exports import ExportApi
from entrypoints.http.incidents import IncidentApi
from entrypoints.http.lockouts import LockoutApi
from entrypoints.http.my_data import MyDataApi
from entrypoints.http.pairing import DeviceApi
from entrypoints.http.passwords import PasswordApi
from entrypoints.http.reception import ReceptionApi
from entrypoints.http.requests import RequestApi
from entrypoints.http.retention import RetentionApi
from entrypoints.http.scim import ScimApi
from entrypoints.http.sessions import SessionApi
from entrypoints.http.signal_operations import SignalOperations
from entrypoints.http.signals import SignalApi
from entrypoints.http.subjects import named_subject
from entrypoints.http.tokens import TokenApi


def all_endpoints(desk: Desk, connections: Callable[[], int]) -> list[Endpoint]:
    """Return every endpoint there is; ``connections`` tells how many WebSockets are open."""
    return [
        *EnrollmentApi(desk).endpoints(),
        *ConsentApi(desk).endpoints(),
        *ConsentForm(desk).endpoints(),
        *ConsentsApi(desk).endpoints(),
        *DeviceApi(desk).endpoints(),
        *LockoutApi(desk).endpoints(),
        *RetentionApi(desk).endpoints(),
        *PasswordApi(desk).endpoints(),
        *Api(desk, connections).endpoints(),
        *AuditApi(desk).endpoints(),
        *AuditLogApi(desk).endpoints(),
        *SignalApi(desk).endpoints(),
        *ReceptionApi(desk).endpoints(),
        *ScimApi(desk).endpoints(),
        *SignalOperations(desk).endpoints(),
        *TokenApi(desk).endpoints(),
        *SessionApi(desk).endpoints(),
        *RequestApi(desk).endpoints(),
        *MyDataApi(desk).endpoints(),
        *IncidentApi(desk).endpoints(),
        *Console(desk).endpoints(),
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
            Endpoint("POST", "/face-auth/subjects/erase", self.erase, own),
            Endpoint("POST", "/face-auth/subjects/{subject_id:uuid}/erase", self.erase, own),
            Endpoint(
                "GET", "/face-auth/subjects/{subject_id:uuid}/erasure", self.erasure, officers | {DEPARTMENT_ADMIN}
            ),
            Endpoint("GET", "/face-auth/health", self.health, ANYONE),
            Endpoint("GET", "/face-auth/ready", self.ready, ANYONE),
            Endpoint("GET", "/.well-known/jwks.json", self.jwks, ANYONE),
        ]

    async def erase(self, request: Request) -> Response:
        """Erase a person, named in the path or in the body; effective before this answers."""
        principal = principal_at(request)
        body = await self._desk.body(bodies.EraseBody, request)
        if body.now:
            access.require_role(principal, DEPARTMENT_ADMIN)
        named = request.path_params.get("subject_id")
        return await self._desk.run(
            erasure.answer_erase, self._app, principal, body, named, partial(named_subject, self._app)
        )

    async def erasure(self, request: Request) -> Response:
        """How an erasure stands, and its certificate."""
        return await self._desk.run(
            erasure.answer_standing, self._app, principal_at(request), request.path_params["subject_id"]
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
