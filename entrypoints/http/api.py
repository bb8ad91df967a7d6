"""The JSON API: enrolment, consent, audit, operations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import asdict
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from application import consent as consents
from application.departments import check_department
from application.enroll import CaptureResult, Enrolled
from application.notice import CURRENT
from application.person import Person
from application.ports.tokens import Principal
from domain.act import Act
from domain.errors import ConsentMissingError, InvalidInputError, NotFoundError
from entrypoints.bootstrap import App
from entrypoints.http import access, audit, bodies, erasure

T = TypeVar("T")
B = TypeVar("B", bound=bodies.Body)

MAX_HEAVY: Final = 2
"""Bodies with pictures held at once: each may be 64 MiB, several times over while it is parsed."""


class Api:
    """HTTP handlers over one App. Everything that touches the store or a model runs in a pool."""

    def __init__(self, app: App, *, workers: Executor, enrollers: Executor, connections: Callable[[], int]) -> None:
        """``enrollers`` bounds the pictures judged at once, ``connections`` tells how many WebSockets are open."""
        self._app = app
        self._workers = workers
        self._enrollers = enrollers
        self._connections = connections
        self._heavy = asyncio.Semaphore(MAX_HEAVY)

    def routes(self) -> list[Route]:
        """Return every route of the API."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("POST", "/face-auth/enroll", self.enroll),
            ("POST", "/face-auth/enrollments", self.open_enrollment),
            ("POST", "/face-auth/enrollments/{enrollment_id:uuid}/captures", self.add_capture),
            ("POST", "/face-auth/enrollments/{enrollment_id:uuid}/complete", self.complete_enrollment),
            ("DELETE", "/face-auth/enrollments/{enrollment_id:uuid}", self.cancel_enrollment),
            ("GET", "/face-auth/consent/notice", self.notice),
            ("POST", "/face-auth/consent", self.grant_consent),
            ("POST", "/face-auth/consent/withdraw", self.withdraw_consent),
            ("POST", "/face-auth/subjects/erase", self.erase),
            ("POST", "/face-auth/subjects/{subject_id:uuid}/erase", self.erase),
            ("GET", "/face-auth/subjects/{subject_id:uuid}/erasure", self.erasure),
            ("GET", "/face-auth/audit/events", self.audit_events),
            ("GET", "/face-auth/health", self.health),
            ("GET", "/face-auth/ready", self.ready),
            ("GET", "/.well-known/jwks.json", self.jwks),
        ]
        return [Route(path, handler, methods=[method]) for method, path, handler in table]

    async def enroll(self, request: Request) -> Response:
        """Enrol a person from 5-10 pictures in one call."""
        principal = await self._admin(request)
        async with self._heavy:
            return await self._enroll(principal, request)

    async def _enroll(self, principal: Principal, request: Request) -> Response:
        body = await self._body(bodies.EnrollBody, request)
        access.require_department(principal, body.department)
        version = self._accepted(body.consent)
        self._app.services.policies.enrollment.check_count(len(body.face_images))
        await self._run(self._make_room, principal, body.department)
        enrolled = await self._judge(
            self._app.enrolling.enroll,
            Person(body.user_id, body.username, body.display_name),
            department=body.department,
            pictures=await self._run(lambda: [bodies.picture(text) for text in body.face_images]),
            notice_version=version,
            act=self._act(principal),
        )
        return JSONResponse(_enrolled(enrolled), 201)

    async def open_enrollment(self, request: Request) -> Response:
        """Open an enrolment whose pictures come one by one."""
        principal = await self._admin(request)
        body = await self._body(bodies.OpenBody, request)
        access.require_department(principal, body.department)
        version = self._accepted(body.consent)
        await self._run(self._make_room, principal, body.department)
        enrollment = await self._run(
            self._app.enrolling.open,
            Person(body.user_id, body.username, body.display_name),
            department=body.department,
            notice_version=version,
            act=self._act(principal),
        )
        return JSONResponse(
            {"success": True, "subject_id": str(enrollment.subject_id), "enrollment_id": str(enrollment.id)}, 201
        )

    async def add_capture(self, request: Request) -> Response:
        """Judge one more picture, JSON or the picture itself as the body."""
        principal = await self._admin(request)
        async with self._heavy:
            if request.headers.get("content-type", "").startswith("application/json"):
                payload = await self._run(bodies.picture, (await self._body(bodies.CaptureBody, request)).image)
            else:
                payload = await bodies.read_limited(request, bodies.MAX_CAPTURE_BYTES)
            result = await self._judge(
                self._app.enrolling.capture,
                request.path_params["enrollment_id"],
                payload,
                department=principal.department,
                act=self._act(principal),
            )
        return JSONResponse({"success": result.accepted, "capture": _capture(result)})

    async def complete_enrollment(self, request: Request) -> Response:
        """Make the template of an open enrolment and let it serve."""
        principal = await self._admin(request)
        enrolled = await self._judge(
            self._app.enrolling.complete,
            request.path_params["enrollment_id"],
            department=principal.department,
            act=self._act(principal),
        )
        return JSONResponse(_enrolled(enrolled), 201)

    async def cancel_enrollment(self, request: Request) -> Response:
        """End an enrolment, in progress or active; its sessions end too."""
        principal = await self._admin(request)
        await self._run(
            self._app.enrolling.cancel,
            request.path_params["enrollment_id"],
            department=principal.department,
            reason="administrator",
            act=self._act(principal),
        )
        return Response(status_code=204)

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
        principal = await self._run(access.principal_of, request, self._app.services)
        body = await self._body(bodies.GrantBody, request)
        if not body.accepted:
            raise ConsentMissingError("consent was not given")
        subject_id = await self._run(self._subject, principal, body.subject_id, body.username)
        changed = await self._run(
            consents.grant,
            self._app.services,
            subject_id,
            notice_version=body.notice_version,
            act=self._act(principal),
            **({} if body.purposes is None else {"purposes": body.purposes}),
        )
        return JSONResponse({"success": True, "subject_id": str(subject_id), "granted": changed})

    async def withdraw_consent(self, request: Request) -> Response:
        """Withdraw consent; effective before this answers."""
        principal = await self._run(access.principal_of, request, self._app.services)
        body = await self._body(bodies.WithdrawBody, request)
        subject_id = await self._run(self._subject, principal, body.subject_id, body.username)
        ended = await self._run(
            consents.withdraw,
            self._app.services,
            subject_id,
            reason=body.reason,
            act=self._act(principal),
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
        principal = await self._run(access.principal_of, request, self._app.services)
        body = await self._body(bodies.EraseBody, request)
        if body.now:
            access.require_role(principal, access.DEPARTMENT_ADMIN)
        named = request.path_params.get("subject_id")
        return await self._run(erasure.answer_erase, self._app, principal, body, named, self._subject)

    async def erasure(self, request: Request) -> Response:
        """How an erasure stands, and its certificate."""
        return await self._run(erasure.answer_standing, self._app, request)

    async def audit_events(self, request: Request) -> Response:
        """The history, for the compliance officer: ?subject=, ?attempt=, ?until=."""
        principal = await self._run(access.principal_of, request, self._app.services)
        access.require_role(principal, access.COMPLIANCE_OFFICER)
        return JSONResponse(await self._run(audit.answer, self._app.services, principal, dict(request.query_params)))

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
        checks = await self._run(self._app.readiness)
        ready = all(check["ok"] for check in checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)

    async def jwks(self, _request: Request) -> Response:
        """The public keys of our tokens."""
        return JSONResponse(dict(self._app.services.tokens.jwks()), headers={"cache-control": "public, max-age=300"})

    async def _run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._workers, partial(function, *args, **kwargs))

    async def _judge(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._enrollers, partial(function, *args, **kwargs))

    async def _body(self, form: type[B], request: Request) -> B:
        """Read and parse off the event loop: with ten photographs in it, a body takes a while."""
        return await self._run(form.model_validate_json, await bodies.read_limited(request, form.max_bytes))

    async def _admin(self, request: Request) -> Principal:
        principal = await self._run(access.principal_of, request, self._app.services)
        access.require_role(principal, access.DEPARTMENT_ADMIN)
        return principal

    def _make_room(self, principal: Principal, department: str) -> None:
        """Add the department where it is new: whoever administers all of them opens one by enrolling into it."""
        if principal.department == access.EVERYWHERE:
            self._app.services.departments.add(check_department(department))

    def _act(self, principal: Principal) -> Act:
        return self._app.services.act(principal.actor, "http")

    @staticmethod
    def _accepted(given: bodies.ConsentGiven | None) -> str:
        if given is None or not given.accepted:
            raise ConsentMissingError("nobody is enrolled without consent: show the notice, then send consent.accepted")
        return given.notice_version

    def _subject(self, principal: Principal, subject_id: UUID | None, username: str | None) -> UUID:
        """Return whom the request is about: the subject itself, or whom an administrator of the department names."""
        services = self._app.services
        if access.SUBJECT in principal.roles:
            if principal.subject_id is None or subject_id not in {None, principal.subject_id} or username:
                raise NotFoundError("no such subject")
            return principal.subject_id
        access.require_role(principal, access.DEPARTMENT_ADMIN)
        if (subject_id is None) == (username is None):
            raise InvalidInputError("name the subject: subject_id or username, one of them")
        found = subject_id or services.store.claimant("username", services.vault.digest("username", username or ""))
        if found is None:
            raise NotFoundError("no such subject")
        # Whoever was enrolled a moment ago must be found.
        services.projector.catch_up()
        departments = self._app.departments_of(found)
        if not departments or (principal.department != access.EVERYWHERE and principal.department not in departments):
            raise NotFoundError("no such subject")
        return found


def _capture(result: CaptureResult) -> dict[str, Any]:
    return asdict(result)


def _enrolled(enrolled: Enrolled) -> dict[str, Any]:
    return {
        "success": True,
        "message": "Rosto cadastrado. / Face enrolled.",
        "subject_id": str(enrolled.subject_id),
        "enrollment_id": str(enrolled.enrollment_id),
        "template_id": str(enrolled.template_id),
        "captures": [_capture(result) for result in enrolled.captures],
    }
