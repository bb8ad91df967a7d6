"""Data subjects' requests over HTTP: the person asks, the officer answers within the walls of a department."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import answering, reviewing
from application import erase as erasing
from application import requests as desk
from application.ports.tokens import Principal
from application.services import Services
from application.statement import Surroundings
from application.viewing import record_viewing
from domain.errors import NotFoundError
from domain.request import Request as Asking
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE, SUBJECT
from entrypoints.http import access, whom
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.http.request_bodies import AnswerBody, RefuseBody, RequestBody, ReviewBody

ALL = "/face-auth/requests"
ONE = f"{ALL}/{{request_id:uuid}}"


class RequestApi:
    """Seven endpoints."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._app = desk.app

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        officers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        everybody = officers | {SUBJECT}
        return [
            Endpoint("POST", ALL, self.open, everybody),
            Endpoint("GET", ALL, self.listed, everybody),
            Endpoint("GET", ONE, self.show, everybody),
            Endpoint("POST", f"{ONE}/answer", self.answer, officers),
            Endpoint("POST", f"{ONE}/refuse", self.refuse, officers),
            Endpoint("GET", f"{ONE}/review", self.evidence, officers),
            Endpoint("POST", f"{ONE}/review", self.review, officers),
        ]

    async def open(self, request: Request) -> Response:
        """Take a request in; the answer says by when it will be answered."""
        principal, body = principal_at(request), await self._desk.body(RequestBody, request)
        return JSONResponse(await self._desk.run(self._open, principal, body), 201)

    async def listed(self, request: Request) -> Response:
        """Requests by deadline: ?state=pending|due_soon|overdue|..., ?kind=; a person sees their own."""
        principal, query = principal_at(request), request.query_params
        asked: dict[str, Any] = {"state": query.get("state"), "kind": query.get("kind")}
        if whom.is_person(principal):
            asked["subject_id"] = whom.own(principal)
        elif principal.department != EVERYWHERE:
            asked["department"] = principal.department
        return JSONResponse(await self._desk.run(desk.listing, self._app.services, **asked))

    async def show(self, request: Request) -> Response:
        """One request with its texts."""
        return JSONResponse(await self._desk.run(self._show, principal_at(request), _id(request)))

    async def answer(self, request: Request) -> Response:
        """Do what is asked and answer."""
        principal, body = principal_at(request), await self._desk.body(AnswerBody, request)
        return JSONResponse(await self._desk.run(self._answer, principal, _id(request), body))

    async def refuse(self, request: Request) -> Response:
        """Refuse, with a reason and its basis in law."""
        principal, body = principal_at(request), await self._desk.body(RefuseBody, request)
        return JSONResponse(await self._desk.run(self._refuse, principal, _id(request), body))

    async def evidence(self, request: Request) -> Response:
        """Everything that a refusal under review was decided on."""
        principal = principal_at(request)
        return JSONResponse(await self._desk.run(self._evidence, principal, _id(request)))

    async def review(self, request: Request) -> Response:
        """Uphold or overturn a refusal."""
        principal, body = principal_at(request), await self._desk.body(ReviewBody, request)
        return JSONResponse(await self._desk.run(self._review, principal, _id(request), body))

    def _open(self, principal: Principal, body: RequestBody) -> dict[str, Any]:
        find = whom.themselves if whom.is_person(principal) else whom.somebody
        about = find(self._app, principal, body.subject_id, body.username)
        asked = body.asked(at_desk=not whom.is_person(principal))
        act = self._desk.act(principal)
        opened = desk.open_request(self._app.services, about.subject_id, asked, department=about.department, act=act)
        return self._told(opened)

    def _show(self, principal: Principal, request_id: UUID) -> dict[str, Any]:
        found = self._reached(principal, request_id)
        if not whom.is_person(principal):
            act = self._desk.act(principal)
            record_viewing(self._app.services, [found.subject_id], what="request", act=act)
        return self._told(found)

    def _answer(self, principal: Principal, request_id: UUID, body: AnswerBody) -> dict[str, Any]:
        self._reached(principal, request_id)
        given = answering.answer(
            self._app.services,
            request_id,
            text=body.text,
            correction=None if body.correction is None else body.correction.named(),
            around=Surroundings(self._app.settings.idp_issuer),
            act=self._desk.act(principal),
        )
        return self._told(given.request) | {"document": given.document}

    def _refuse(self, principal: Principal, request_id: UUID, body: RefuseBody) -> dict[str, Any]:
        self._reached(principal, request_id)
        refused = desk.refuse(
            self._app.services,
            request_id,
            reason=body.reason,
            legal_basis=body.legal_basis,
            text=body.text,
            act=self._desk.act(principal),
        )
        return self._told(refused)

    def _evidence(self, principal: Principal, request_id: UUID) -> dict[str, Any]:
        self._reached(principal, request_id)
        return reviewing.evidence(
            self._app.services,
            request_id,
            reaches=lambda department: access.reaches(principal, department),
            act=self._desk.act(principal),
        )

    def _review(self, principal: Principal, request_id: UUID, body: ReviewBody) -> dict[str, Any]:
        self._reached(principal, request_id)
        decided = reviewing.decide(
            self._app.services,
            request_id,
            body.decision,
            reason=body.reason,
            measures=body.measures,
            text=body.text,
            reaches=lambda department: access.reaches(principal, department),
            act=self._desk.act(principal),
        )
        return self._told(decided)

    def _reached(self, principal: Principal, request_id: UUID) -> Asking:
        """Return a request that this principal may know of. Raises ``NotFoundError``, the same whatever the cause."""
        found = desk.find(self._app.services, request_id)
        if whom.is_person(principal):
            seen = found.subject_id == whom.own(principal)
        else:
            seen = whom.within_reach(self._app, principal, found.subject_id, found.department)
        if not seen:
            raise NotFoundError(desk.NO_SUCH_REQUEST)
        return found

    def _told(self, found: Asking) -> dict[str, Any]:
        return told(self._app.services, found)


def told(services: Services, found: Asking) -> dict[str, Any]:
    """Return a request as JSON values; one answered with "erased" comes with the certificate."""
    document = desk.document(services, found)
    if found.outcome == "erased":
        document["erasure"] = erasing.as_document(erasing.standing(services, found.subject_id))
    return document


def _id(request: Request) -> UUID:
    request_id: UUID = request.path_params["request_id"]
    return request_id
