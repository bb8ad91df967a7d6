"""Lockouts: what the officer sees of them, and how an administrator ends one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import lockout_history
from application.ports.lockouts import Counted
from application.ports.tokens import Principal
from application.viewing import record_viewing
from domain.policies.lockout import Tally
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO, EVERYWHERE
from entrypoints.http.bodies import Body, Reason
from entrypoints.http.endpoint import Desk, Endpoint, principal_at


class ReleaseBody(Body):
    """Why a lockout is ended."""

    reason: Reason


class LockoutApi:
    """Two endpoints."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        readers = frozenset({DEPARTMENT_ADMIN, COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", "/face-auth/lockouts", self.list, readers),
            Endpoint(
                "POST", "/face-auth/lockouts/{lockout_id:uuid}/release", self.release, frozenset({DEPARTMENT_ADMIN})
            ),
        ]

    async def list(self, request: Request) -> Response:
        """Return the lockouts that the principal's department has, the newest first."""
        principal = principal_at(request)
        found = await self._desk.run(lockout_history.listing, self._services, department=_reach(principal))
        act = self._desk.act(principal)
        await self._desk.run(record_viewing, self._services, people_in(found), what="lockouts", act=act)
        now = self._services.clock.now()
        documents = [document(counted, tally) | {"waiting": tally.waiting(now)} for counted, tally in found]
        return JSONResponse({"lockouts": documents, "truncated": len(found) == lockout_history.MAX_LOCKOUTS})

    async def release(self, request: Request) -> Response:
        """End a lockout; effective before this answers, and in the history."""
        principal = principal_at(request)
        body = await self._desk.body(ReleaseBody, request)
        counted, tally = await self._desk.run(
            lockout_history.release,
            self._services,
            request.path_params["lockout_id"],
            reason=body.reason,
            department=_reach(principal),
            act=self._desk.act(principal),
        )
        return JSONResponse({"success": True, "released": document(counted, tally)})


def people_in(found: Sequence[tuple[Counted, Tally]]) -> list[UUID]:
    """Return who is named in a list of lockouts, each once."""
    return list(dict.fromkeys(counted.subject_id for counted, _ in found if counted.subject_id is not None))


def document(counted: Counted, tally: Tally) -> dict[str, Any]:
    """Return what an officer may know of a lockout, as JSON values: ids and digests, no address, no name."""
    return {
        "lockout_id": str(counted.lockout_id),
        "episode_id": str(tally.episode) if tally.episode else None,
        "method": counted.method,
        "scope": counted.scope,
        "department": counted.department,
        "place": counted.place or None,
        "subject_id": str(counted.subject_id) if counted.subject_id else None,
        "device_id": str(counted.device_id) if counted.device_id else None,
        "failures": tally.total,
        "live_failures": tally.live_failures,
        "refused": tally.refused,
        "failed_at": tally.failed_at.isoformat() if tally.failed_at else None,
        "until": tally.until.isoformat() if tally.until else None,
        "stopped": tally.stopped,
    }


def _reach(principal: Principal) -> str | None:
    return None if principal.department == EVERYWHERE else principal.department
