"""The incident register and the officer's documents over HTTP: for officers of the whole house."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import AwareDatetime, Field, StrictBool, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import incidents
from application.affected import Question
from application.incident_drafts import ANPD, draft, markdown
from application.incidents import Assessment
from domain.errors import DepartmentForbiddenError, InvalidInputError
from domain.incident import Incident
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from entrypoints.documents import making
from entrypoints.documents.gathering import responsible
from entrypoints.documents.incident import draft_report, incident_document
from entrypoints.http.bodies import Body, Text
from entrypoints.http.endpoint import Desk, Endpoint, principal_at

OFFICERS: Final = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
HEADERS: Final = {"cache-control": "no-store"}
SANDBOX: Final = HEADERS | {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "x-content-type-options": "nosniff",
}
ONE: Final = "/face-auth/incidents/{incident_id:uuid}"
MARKDOWN: Final = "md"

Words = Annotated[str, StringConstraints(max_length=incidents.MAX_TEXT)]


class OpenBody(Body):
    """An incident as it is entered."""

    max_bytes = 64 * 1024

    known_at: AwareDatetime | None = None
    kind: Text
    cause: Text
    categories: list[Text] = Field(max_length=16)
    description: Words


class AssessBody(Body):
    """How bad, for whom, and what was and is done about it."""

    max_bytes = 64 * 1024

    risk: Text
    selector: Text = "everyone"
    value: Annotated[str, StringConstraints(max_length=40_000)] = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    measures_before: Words
    measures_after: Words
    delay: Words = ""
    minors: int | None = Field(default=None, ge=0)
    elderly: int | None = Field(default=None, ge=0)


class AuthorityBody(Body):
    """That ANPD was told."""

    at: AwareDatetime | None = None
    reference: Annotated[str, StringConstraints(max_length=60)] = ""
    preliminary: StrictBool = False


class SubjectsBody(Body):
    """That the people were told."""

    at: AwareDatetime | None = None
    means: list[Text] = Field(min_length=1, max_length=8)
    count: int = Field(ge=0)


class SupplementBody(Body):
    """What ANPD was told later."""

    at: AwareDatetime | None = None
    reference: Annotated[str, StringConstraints(max_length=60)] = ""


class CloseBody(Body):
    """Why nobody was told, where nobody was."""

    not_notified: Annotated[str, StringConstraints(max_length=40)] = ""


class IncidentApi:
    """The register, and documents."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._app = desk.app

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        return [
            Endpoint("GET", "/face-auth/incidents", self.list, OFFICERS),
            Endpoint("POST", "/face-auth/incidents", self.open, OFFICERS),
            Endpoint("GET", ONE, self.show, OFFICERS),
            Endpoint("POST", f"{ONE}/assess", self.assess, OFFICERS),
            Endpoint("POST", f"{ONE}/notify-authority", self.notify_authority, OFFICERS),
            Endpoint("POST", f"{ONE}/notify-subjects", self.notify_subjects, OFFICERS),
            Endpoint("POST", f"{ONE}/supplement", self.supplement, OFFICERS),
            Endpoint("POST", f"{ONE}/close", self.close, OFFICERS),
            Endpoint("GET", f"{ONE}/affected", self.affected, OFFICERS),
            Endpoint("GET", f"{ONE}/draft", self.draft, OFFICERS),
            Endpoint("GET", "/face-auth/reports/{kind}", self.report, OFFICERS),
        ]

    async def list(self, request: Request) -> Response:
        """Return the register, newest first, without what staff wrote."""
        _whole_house(request)

        def listed() -> list[dict[str, Any]]:
            services = self._app.services
            return [incident_document(services, one) | {"texts": None} for one in incidents.listing(services)]

        return JSONResponse({"incidents": await self._desk.run(listed)}, headers=HEADERS)

    async def open(self, request: Request) -> Response:
        """Enter an incident."""
        body = await self._body(OpenBody, request)
        act = self._desk.act(principal_at(request))
        known_at = body.known_at.astimezone(UTC) if body.known_at else act.at

        def run() -> Incident:
            return incidents.open_incident(
                self._app.services,
                known_at=known_at,
                kind=body.kind,
                cause=body.cause,
                categories=body.categories,
                description=body.description,
                act=act,
            )

        return await self._answer(run, status=201)

    async def show(self, request: Request) -> Response:
        """Return one incident whole."""
        _whole_house(request)
        return await self._answer(lambda: incidents.find(self._app.services, _id(request)))

    async def assess(self, request: Request) -> Response:
        """Compute whom it reaches, and record the assessment."""
        body = await self._body(AssessBody, request)
        act = self._desk.act(principal_at(request))
        question = Question(body.selector, body.value, _utc(body.since), _utc(body.until))
        said = Assessment(body.risk, body.measures_before, body.measures_after, body.delay, body.minors, body.elderly)
        return await self._answer(lambda: incidents.assess(self._app.services, _id(request), question, said, act=act))

    async def notify_authority(self, request: Request) -> Response:
        """Record that ANPD was told."""
        body = await self._body(AuthorityBody, request)
        act = self._desk.act(principal_at(request))
        return await self._answer(
            lambda: incidents.notify_authority(
                self._app.services,
                _id(request),
                told_at=_utc(body.at) or act.at,
                reference=body.reference,
                preliminary=body.preliminary,
                act=act,
            )
        )

    async def notify_subjects(self, request: Request) -> Response:
        """Record that the people were told."""
        body = await self._body(SubjectsBody, request)
        act = self._desk.act(principal_at(request))
        return await self._answer(
            lambda: incidents.notify_subjects(
                self._app.services,
                _id(request),
                told_at=_utc(body.at) or act.at,
                means=body.means,
                count=body.count,
                act=act,
            )
        )

    async def supplement(self, request: Request) -> Response:
        """Record the supplement."""
        body = await self._body(SupplementBody, request)
        act = self._desk.act(principal_at(request))
        return await self._answer(
            lambda: incidents.supplement(
                self._app.services, _id(request), told_at=_utc(body.at) or act.at, reference=body.reference, act=act
            )
        )

    async def close(self, request: Request) -> Response:
        """Close it."""
        body = await self._body(CloseBody, request)
        act = self._desk.act(principal_at(request))
        return await self._answer(
            lambda: incidents.close(self._app.services, _id(request), not_notified=body.not_notified, act=act)
        )

    async def affected(self, request: Request) -> Response:
        """Return whom it reaches: counts; with ``ids=true`` the ids, which is recorded for each of them."""
        _whole_house(request)
        listed, act = request.query_params.get("ids") == "true", self._desk.act(principal_at(request))

        def answer() -> dict[str, Any]:
            services = self._app.services
            it = incidents.find(services, _id(request))
            document = incident_document(services, it)["affected"]
            if document is None:
                raise InvalidInputError("assess it first: then it is known whom it reaches")
            if listed:
                found = incidents.people(services, it, act=act)
                document |= {"subject_ids": [str(one) for one in found.subjects]}
            return dict(document)

        return JSONResponse(await self._desk.run(answer), headers=HEADERS)

    async def draft(self, request: Request) -> Response:
        """Return a draft notice: ``to`` is anpd or subjects, ``format`` md, html or pdf."""
        _whole_house(request)
        to, form = request.query_params.get("to", ANPD), request.query_params.get("format", MARKDOWN)

        def answer() -> Response:
            services = self._app.services
            it = incidents.find(services, _id(request))
            found = draft(services, it, to, responsible(self._app.settings))
            if form == MARKDOWN:
                return Response(markdown(found), media_type="text/markdown; charset=utf-8", headers=HEADERS)
            if form not in {making.HTML, making.PDF}:
                raise InvalidInputError("formats are md, html and pdf")
            content = making.encoded(draft_report(found), form, made_at=services.clock.now())
            return Response(content, media_type=making.FORMATS[form], headers=SANDBOX)

        return await self._desk.run(answer)

    async def report(self, request: Request) -> Response:
        """Return a document: ``format`` html, pdf or json; ``month`` or ``incident`` for those that need one."""
        _whole_house(request)
        query, kind = request.query_params, request.path_params["kind"]
        form = query.get("format", making.HTML)
        if form not in making.FORMATS:
            raise InvalidInputError(f"formats are {', '.join(making.FORMATS)}")
        try:
            incident_id = UUID(query["incident"]) if "incident" in query else None
        except ValueError:
            raise InvalidInputError("incident is a UUID") from None

        def answer() -> Response:
            made = making.make(self._app, kind, month=query.get("month"), incident_id=incident_id)
            content = making.encoded(made.report, form, made_at=made.made_at, facts=made.facts)
            return Response(content, media_type=making.FORMATS[form], headers=SANDBOX)

        return await self._desk.run(answer)

    async def _body(self, form: type[Any], request: Request) -> Any:
        _whole_house(request)
        return await self._desk.body(form, request)

    async def _answer(self, run: Callable[[], Incident], *, status: int = 200) -> Response:
        def answer() -> dict[str, Any]:
            return incident_document(self._app.services, run())

        return JSONResponse(await self._desk.run(answer), status, headers=HEADERS)


def _whole_house(request: Request) -> None:
    """Raise ``DepartmentForbiddenError`` unless the officer reaches all departments: an incident knows no walls."""
    if principal_at(request).department != EVERYWHERE:
        raise DepartmentForbiddenError("this is for officers of the whole house")


def _id(request: Request) -> UUID:
    found: UUID = request.path_params["incident_id"]
    return found


def _utc(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at else None
