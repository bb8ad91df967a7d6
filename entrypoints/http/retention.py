"""Retention for officers: the periods, the sweeps, and what would go."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import retention as keeping
from application.ports.tokens import Principal
from application.services import Services
from domain.act import Act
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from entrypoints.http.endpoint import Desk, Endpoint, principal_at
from entrypoints.retention_documents import shown_holds, survey_document


class RetentionApi:
    """Two endpoints. Sweeps and holds of the whole house are for officers of the whole house."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        officers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", "/face-auth/retention", self.show, officers),
            Endpoint("POST", "/face-auth/retention/dry-run", self.dry_run, officers),
        ]

    async def show(self, request: Request) -> Response:
        """The periods; for the whole house also how each sweep stands, and the holds."""
        principal = principal_at(request)
        return JSONResponse(await self._desk.run(_shown, self._services, principal, self._desk.act(principal)))

    async def dry_run(self, request: Request) -> Response:
        """What would go now, of what the principal's department has. Deletes nothing."""
        department = principal_at(request).department
        where = None if department == EVERYWHERE else department
        found = await self._desk.run(keeping.survey, self._services, department=where)
        return JSONResponse({"dry_run": [survey_document(each) for each in found]})


def _shown(services: Services, principal: Principal, act: Act) -> dict[str, Any]:
    document: dict[str, Any] = {"policies": keeping.policies(services)}
    if principal.department == EVERYWHERE:
        document["sweeps"] = keeping.standing(services)
        document["holds"] = shown_holds(services, act=act)
    return document
