"""Consent over HTTP: the notice, and the decisions that a person takes by their own act."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.reports.markdown import render_markdown
from application import consent as consents
from application import consent_codes
from application import notice as notices
from application.ports.tokens import Principal
from application.services import Services
from domain.errors import ConsentMissingError, NotAllowedError, NotFoundError
from domain.notice import Notice
from domain.roles import DEPARTMENT_ADMIN, SUBJECT
from entrypoints.http import access
from entrypoints.http.consent_bodies import GrantBody, ObjectBody, WithdrawBody
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.peer import client_address
from entrypoints.http.subjects import named_subject


class ConsentApi:
    """For the person; a withdrawal also for the administrator to whom they say it.

    Giving consent and objecting are nobody's business but the person's: they take a subject's token, or a one-time
    code. So they are open as far as the table of roles goes, and ask for the one or the other themselves.
    """

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        own = frozenset({SUBJECT, DEPARTMENT_ADMIN})
        return [
            Endpoint("GET", "/face-auth/consent/notice", self.notice, ANYONE),
            Endpoint("POST", "/face-auth/consent", self.grant, ANYONE),
            Endpoint("POST", "/face-auth/consent/withdraw", self.withdraw, own),
            Endpoint("POST", "/face-auth/consent/object", self.object, ANYONE),
        ]

    async def notice(self, request: Request) -> Response:
        """The privacy notice in force, or ``?version=``."""
        return JSONResponse(await self._desk.run(_asked, self._services, request.query_params.get("version")))

    async def grant(self, request: Request) -> Response:
        """Give consent: for the first time, to a newer notice, or again after an end."""
        body = await self._desk.body(GrantBody, request)
        principal = None if body.code is not None else await self._own(request)
        if not body.accepted:
            raise ConsentMissingError("consent was not given")
        if body.code is not None:
            subject_id, changed = await self._desk.run(
                consent_codes.grant,
                self._services,
                code=body.code,
                notice_version=body.notice_version,
                purposes=body.purposes,
                address=client_address(request, self._desk.app.settings),
            )
        else:
            asker = _given(principal)
            subject_id = await self._desk.run(named_subject, self._desk.app, asker, body.subject_id, body.username)
            act = self._desk.act(asker)
            wanted = {} if body.purposes is None else {"purposes": body.purposes}
            changed = await self._desk.run(
                consents.grant, self._services, subject_id, notice_version=body.notice_version, act=act, **wanted
            )
        return JSONResponse({"success": True, "subject_id": str(subject_id), "granted": changed})

    async def withdraw(self, request: Request) -> Response:
        """Withdraw consent; effective before this answers."""
        principal = principal_at(request)
        body = await self._desk.body(WithdrawBody, request)
        subject_id = await self._desk.run(named_subject, self._desk.app, principal, body.subject_id, body.username)
        ended = await self._end(principal, subject_id, body.purposes, body.reason, objection=False)
        return JSONResponse(ended_document(ended, "withdrawn"))

    async def object(self, request: Request) -> Response:
        """Object to the processing; effective before this answers."""
        body = await self._desk.body(ObjectBody, request)
        if body.code is not None:
            ended = await self._desk.run(
                consent_codes.end,
                self._services,
                code=body.code,
                reason=body.reason,
                purposes=body.purposes,
                objection=True,
                address=client_address(request, self._desk.app.settings),
            )
        else:
            principal = await self._own(request)
            ended = await self._end(principal, _owner(principal), body.purposes, body.reason, objection=True)
        return JSONResponse(ended_document(ended, "objected"))

    async def _own(self, request: Request) -> Principal:
        """Return the subject who asks. Raises ``TokenInvalidError``; ``NotAllowedError`` for anybody of the staff."""
        principal = await self._desk.run(access.principal_of, request, self._services)
        if SUBJECT not in principal.roles:
            raise NotAllowedError(
                "only the person decides on consent: invite them (POST /face-auth/consent/invitations)"
            )
        access.require(principal, frozenset({SUBJECT}))
        return principal

    async def _end(
        self, principal: Principal, subject_id: UUID, purposes: list[str] | None, reason: str, *, objection: bool
    ) -> consents.Withdrawal:
        return await self._desk.run(
            consents.withdraw,
            self._services,
            subject_id,
            reason=reason,
            act=self._desk.act(principal),
            objection=objection,
            **({} if purposes is None else {"purposes": purposes}),
        )


def notice_document(notice: Notice) -> dict[str, Any]:
    """Return a notice as JSON values, with its texts as Markdown and as HTML."""
    return {
        "notice_version": notice.version,
        "version": notice.version,
        "sha256": notice.sha256,
        "text": {"pt-BR": notice.pt_br, "en": notice.en},
        "html": {"pt-BR": render_markdown(notice.pt_br), "en": render_markdown(notice.en)},
        "material": notice.material,
        "grace_days": notice.grace_days,
        "consent_days": notice.consent_days,
        "retention_days": notice.retention_days,
        "purposes": [
            {
                "purpose": basis.purpose,
                "legal_basis": basis.text,
                "basis": basis.code,
                "balancing_test": {"sha256": basis.test_sha256, "date": basis.test_on} if basis.test_sha256 else None,
            }
            for basis in notice.bases
        ],
    }


def ended_document(ended: consents.Withdrawal, word: str) -> dict[str, Any]:
    """Return what a withdrawal or an objection ended."""
    return {
        "success": True,
        "subject_id": str(ended.subject_id),
        word: ended.purposes,
        "enrollment_revoked": ended.enrollment_revoked,
        "sessions_revoked": ended.sessions_revoked,
    }


def _asked(services: Services, version: str | None) -> dict[str, Any]:
    notice = notices.in_force(services) if version is None else notices.of_version(services, version)
    return notice_document(notice)


def _given(principal: Principal | None) -> Principal:
    if principal is None:
        raise NotFoundError("no such subject")
    return principal


def _owner(principal: Principal | None) -> UUID:
    subject_id = _given(principal).subject_id
    if subject_id is None:
        raise NotFoundError("no such subject")
    return subject_id
