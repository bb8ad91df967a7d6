"""Enrolment over HTTP: the brief's one call, and the same step by step."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.captures import CaptureResult
from application.departments import check_department
from application.enroll import Enrolled
from application.enroll_consent import NO_FORM, Form, check_consented
from application.person import Person
from application.ports.tokens import Principal
from domain.errors import ConsentMissingError
from domain.roles import DEPARTMENT_ADMIN, EVERYWHERE
from entrypoints.http import access, bodies
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

MAX_HEAVY: Final = 2
"""Bodies with pictures held at once: each may be 64 MiB, several times over while it is parsed."""


class EnrollmentApi:
    """For the administrator of the department."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._app = desk.app
        self._heavy = asyncio.Semaphore(MAX_HEAVY)

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        admin = frozenset({DEPARTMENT_ADMIN})
        one = "/face-auth/enrollments/{enrollment_id:uuid}"
        return [
            Endpoint("POST", "/face-auth/enroll", self.enroll, admin),
            Endpoint("POST", "/face-auth/enrollments", self.open_enrollment, admin),
            Endpoint("POST", f"{one}/captures", self.add_capture, admin),
            Endpoint("POST", f"{one}/complete", self.complete_enrollment, admin),
            Endpoint("DELETE", one, self.cancel_enrollment, admin),
        ]

    async def enroll(self, request: Request) -> Response:
        """Enrol a person from 5-10 pictures in one call."""
        principal = principal_at(request)
        async with self._heavy:
            return await self._enroll(principal, request)

    async def _enroll(self, principal: Principal, request: Request) -> Response:
        body = await self._desk.body(bodies.EnrollBody, request)
        access.require_department(principal, body.department)
        version, form = self._given(body.consent)
        self._app.services.policies.enrollment.check_count(len(body.face_images))
        person = Person(body.user_id, body.username, body.display_name)
        await self._desk.run(check_consented, self._app.services, person, version, form)
        await self._desk.run(self._make_room, principal, body.department)
        enrolled = await self._desk.judge(
            self._app.enrolling.enroll,
            person,
            department=body.department,
            pictures=await self._desk.run(lambda: [bodies.picture(text) for text in body.face_images]),
            notice_version=version,
            form=form,
            act=self._desk.act(principal),
        )
        return JSONResponse(_enrolled(enrolled), 201)

    async def open_enrollment(self, request: Request) -> Response:
        """Open an enrolment whose pictures come one by one."""
        principal = principal_at(request)
        body = await self._desk.body(bodies.OpenBody, request)
        access.require_department(principal, body.department)
        version, form = self._given(body.consent)
        person = Person(body.user_id, body.username, body.display_name)
        await self._desk.run(check_consented, self._app.services, person, version, form)
        await self._desk.run(self._make_room, principal, body.department)
        enrollment = await self._desk.run(
            self._app.enrolling.open,
            person,
            department=body.department,
            notice_version=version,
            form=form,
            act=self._desk.act(principal),
        )
        return JSONResponse(
            {"success": True, "subject_id": str(enrollment.subject_id), "enrollment_id": str(enrollment.id)}, 201
        )

    async def add_capture(self, request: Request) -> Response:
        """Judge one more picture, JSON or the picture itself as the body."""
        principal = principal_at(request)
        async with self._heavy:
            if request.headers.get("content-type", "").startswith("application/json"):
                payload = await self._desk.run(
                    bodies.picture, (await self._desk.body(bodies.CaptureBody, request)).image
                )
            else:
                payload = await bodies.read_limited(request, bodies.MAX_CAPTURE_BYTES)
            result = await self._desk.judge(
                self._app.enrolling.capture,
                request.path_params["enrollment_id"],
                payload,
                department=principal.department,
                act=self._desk.act(principal),
            )
        return JSONResponse({"success": result.accepted, "capture": _capture(result)})

    async def complete_enrollment(self, request: Request) -> Response:
        """Make the template of an open enrolment and let it serve."""
        principal = principal_at(request)
        enrolled = await self._desk.judge(
            self._app.enrolling.complete,
            request.path_params["enrollment_id"],
            department=principal.department,
            act=self._desk.act(principal),
        )
        return JSONResponse(_enrolled(enrolled), 201)

    async def cancel_enrollment(self, request: Request) -> Response:
        """End an enrolment, in progress or active; its sessions end too."""
        principal = principal_at(request)
        await self._desk.run(
            self._app.enrolling.cancel,
            request.path_params["enrollment_id"],
            department=principal.department,
            reason="administrator",
            act=self._desk.act(principal),
        )
        return Response(status_code=204)

    def _make_room(self, principal: Principal, department: str) -> None:
        """Add the department where it is new: whoever administers all of them opens one by enrolling into it."""
        if principal.department == EVERYWHERE:
            self._app.services.departments.add(check_department(department))

    @staticmethod
    def _given(given: bodies.ConsentGiven | None) -> tuple[str | None, Form]:
        """Return the notice of the form that the caller attests, and the form; no notice: the person's own act."""
        if given is not None and given.channel == "in_app" and not given.accepted:
            raise ConsentMissingError("the person did not accept: nobody is enrolled without consent")
        if given is None or given.channel == "in_app":
            return None, NO_FORM
        return given.notice_version, Form(given.form_sha256 or "", accepted=given.accepted)


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
