"""Consents as administrators and officers see them: invitations, receipts, the list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import consent_codes, consent_periods, receipts
from application.accounts import open_account
from application.departments import check_department
from application.person import Person
from application.ports.tokens import Principal
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, SUBJECT
from entrypoints.app import App
from entrypoints.http import access
from entrypoints.http.consent_bodies import InvitationBody
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.http.subjects import check_within, named_subject

FORM: Final = "/face-auth/consent/form"


class ConsentsApi:
    """Three endpoints. Whatever is shown of a person, is written down first as having been looked at."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._app = desk.app

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        readers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO, DEPARTMENT_ADMIN})
        return [
            Endpoint("POST", "/face-auth/consent/invitations", self.invite, frozenset({DEPARTMENT_ADMIN})),
            Endpoint("GET", "/face-auth/consent/receipt", self.receipt, readers | {SUBJECT}),
            Endpoint("GET", "/face-auth/consents", self.list, readers),
        ]

    async def invite(self, request: Request) -> Response:
        """Make a one-time code for a person; it is shown once."""
        principal = principal_at(request)
        body = await self._desk.body(InvitationBody, request)
        made = await self._desk.run(invited, self._app, principal, body, self._desk.act(principal))
        document = {
            "code": made.shown,
            "subject_id": str(made.subject_id),
            "expires_at": made.expires_at.isoformat(),
            "form": FORM,
        }
        return JSONResponse(document, 201)

    async def receipt(self, request: Request) -> Response:
        """The signed receipt: a subject's own, or for officers of ``?subject=``."""
        principal = principal_at(request)
        asked = request.query_params.get("subject")
        return JSONResponse(await self._desk.run(_receipt, self._app, principal, asked, self._desk.act(principal)))

    async def list(self, request: Request) -> Response:
        """Consents of the department's people: ?state=, ?channel=, ?expiring_before=, ?limit=."""
        principal = principal_at(request)
        asked = dict(request.query_params)
        return JSONResponse(await self._desk.run(_list, self._app, principal, asked, self._desk.act(principal)))


def consent_document(row: dict[str, Any]) -> dict[str, Any]:
    """Return a consent's row as JSON values."""
    times = ("granted_at", "expires_at", "withdrawn_at", "objected_at")
    names = ("purpose", "status", "channel", "legal_basis", "notice_version", "notice_sha256")
    return (
        {"consent_id": str(row["consent_id"]), "subject_id": str(row["subject_id"])}
        | {name: row[name] for name in names}
        | {name: row[name].isoformat() if row[name] else None for name in times}
        | {name: row[name] for name in ("withdrawal_reason", "attested_by", "form_sha256")}
    )


def moment(text: str) -> datetime:
    """Return an ISO 8601 time with an offset, or a day (UTC). Raises ``InvalidInputError``."""
    try:
        at = datetime.fromisoformat(f"{text}T00:00:00+00:00" if len(text) == len("2030-01-01") else text)
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - naive, which is what the next line refuses
    if at.tzinfo is None:
        raise InvalidInputError("a time is YYYY-MM-DD, or ISO 8601 with an offset")
    return at


def invited(app: App, principal: Principal, body: InvitationBody, act: Act) -> consent_codes.Invited:
    """Return a code for whom the body names, within the principal's walls.

    Raises ``NotFoundError``, ``InvalidInputError``, ``DepartmentForbiddenError``.
    """
    if sum(given is not None for given in (body.subject_id, body.username, body.person)) != 1:
        raise InvalidInputError("name the person: subject_id, username or person, one of them")
    if body.person is None:
        subject_id = named_subject(app, principal, body.subject_id, body.username)
    else:
        new = body.person
        access.require_department(principal, new.department)
        person = Person(new.user_id, new.username, new.display_name)
        subject_id = open_account(app.services, person, department=check_department(new.department), act=act).subject_id
    return consent_codes.invite(app.services, subject_id, act=act)


def _receipt(app: App, principal: Principal, asked: str | None, act: Act) -> dict[str, Any]:
    try:
        wanted = None if asked is None else UUID(asked)
    except ValueError:
        raise InvalidInputError("subject takes a subject id (UUID)") from None
    if SUBJECT in principal.roles:
        if principal.subject_id is None or wanted not in {None, principal.subject_id}:
            raise NotFoundError("no such subject")
        return receipts.receipt(app.services, principal.subject_id)
    if wanted is None:
        raise InvalidInputError("name the person: ?subject=")
    check_within(app, principal, wanted)
    issued = receipts.receipt(app.services, wanted)
    record_viewing(app.services, [wanted], what="consent_receipt", act=act)
    return issued


def _list(app: App, principal: Principal, asked: dict[str, str], act: Act) -> dict[str, Any]:
    if unknown := sorted(set(asked) - {"state", "channel", "expiring_before", "limit"}):
        raise InvalidInputError(f"there is no filter {unknown[0][:40]}")
    before = asked.get("expiring_before")
    limit = asked.get("limit", str(consent_periods.MOST_LISTED))
    if not limit.isdecimal() or not 1 <= int(limit) <= consent_periods.MOST_LISTED:
        raise InvalidInputError(f"limit is 1 to {consent_periods.MOST_LISTED}")
    rows = consent_periods.listing(
        app.services,
        department=principal.department,
        state=asked.get("state"),
        channel=asked.get("channel"),
        expiring_before=None if before is None else moment(before),
    )
    shown = rows[: int(limit)]
    record_viewing(app.services, {row["subject_id"] for row in shown}, what="consents", act=act)
    return {"consents": [consent_document(row) for row in shown], "total": len(rows)}
