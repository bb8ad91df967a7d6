"""A person's own data over HTTP, and the full statement that staff hand over. Every look is on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import erase as erasing
from application import statement
from application.ports.tokens import Principal
from application.statement import Surroundings
from application.viewing import record_viewing
from domain.errors import InvalidInputError
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, SUBJECT
from entrypoints.http import whom
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

MINE: Final = "/face-auth/my-data"
JSON, PDF = "json", "pdf"


class MyDataApi:
    """Five endpoints."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._app = desk.app

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        person, officers = frozenset({SUBJECT}), frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", MINE, self.simplified, person),
            Endpoint("GET", f"{MINE}/statement", self.own_statement, person),
            Endpoint("GET", f"{MINE}/portability", self.portability, person),
            Endpoint("GET", f"{MINE}/views", self.views, person),
            Endpoint("GET", "/face-auth/subjects/{subject_id:uuid}/statement", self.statement_of, officers),
        ]

    async def simplified(self, request: Request) -> Response:
        """Confirmation and simplified access, at once."""
        subject_id = whom.own(principal_at(request))
        return JSONResponse(await self._desk.run(statement.simplified, self._app.services, subject_id))

    async def own_statement(self, request: Request) -> Response:
        """The full statement, signed: ?format=json|pdf."""
        principal = principal_at(request)
        return await self._handed(request, principal, lambda: self._full(principal, whom.own(principal)))

    async def portability(self, request: Request) -> Response:
        """The person's data for another controller, signed."""
        principal = principal_at(request)
        return JSONResponse(await self._desk.run(self._portable, principal))

    async def views(self, request: Request) -> Response:
        """Who looked at the person's data."""
        subject_id = whom.own(principal_at(request))
        seen = await self._desk.run(statement.viewings, self._app.services, subject_id)
        return JSONResponse({"subject_id": str(subject_id), "viewings": seen})

    async def statement_of(self, request: Request) -> Response:
        """The full statement of somebody of the department, for staff to hand over: itself a viewing."""
        principal, subject_id = principal_at(request), request.path_params["subject_id"]
        return await self._handed(request, principal, lambda: self._of(principal, subject_id))

    async def _handed(
        self, request: Request, principal: Principal, make: Callable[[], tuple[UUID, dict[str, Any]]]
    ) -> Response:
        form = request.query_params.get("format", JSON)
        if form not in {JSON, PDF}:
            raise InvalidInputError("format is json or pdf")
        return await self._desk.run(self._made, principal, make, form)

    def _made(self, principal: Principal, make: Callable[[], tuple[UUID, dict[str, Any]]], form: str) -> Response:
        subject_id, envelope = make()
        act = self._desk.act(principal)
        if form == JSON:
            record_viewing(self._app.services, [subject_id], what="statement", act=act)
            return JSONResponse(envelope, headers=_attachment("statement.json"))
        # A second and 50 MB that only those who ask for paper pay for.
        from adapters.reports.pdf import render_pdf  # noqa: PLC0415
        from entrypoints.statement_report import report_of  # noqa: PLC0415

        printed = render_pdf(report_of(envelope), made_at=act.at)
        record_viewing(self._app.services, [subject_id], what="statement", act=act)
        return Response(printed, media_type="application/pdf", headers=_attachment("statement.pdf"))

    def _full(self, _principal: Principal, subject_id: UUID) -> tuple[UUID, dict[str, Any]]:
        services = self._app.services
        whole = statement.full(services, subject_id, Surroundings(self._app.settings.idp_issuer))
        return subject_id, statement.signed_statement(services, whole)

    def _portable(self, principal: Principal) -> dict[str, Any]:
        services, subject_id = self._app.services, whom.own(principal)
        envelope = statement.signed_portability(services, statement.portable(services, subject_id))
        record_viewing(services, [subject_id], what="portability", act=self._desk.act(principal))
        return envelope

    def _of(self, principal: Principal, subject_id: UUID) -> tuple[UUID, dict[str, Any]]:
        services = self._app.services
        about = whom.somebody(self._app, principal, subject_id)
        if not about.erased:
            return self._full(principal, subject_id)
        proof = erasing.as_document(erasing.standing(services, subject_id))
        document = statement.erased(subject_id, proof, services.clock.now())
        return subject_id, statement.signed_statement(services, document)


def _attachment(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
