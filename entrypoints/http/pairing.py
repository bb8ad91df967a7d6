"""Devices over HTTP: an administrator invites, lists and revokes; a device pairs itself with a code."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application import devices
from domain.roles import COMPLIANCE_OFFICER, DEPARTMENT_ADMIN, ENCARREGADO
from entrypoints.http import access, bodies
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at
from entrypoints.http.peer import client_address


class InviteBody(bodies.Body):
    """Which department the device is for, and what to call it; never a person's name."""

    department: bodies.Department
    label: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class PairBody(bodies.Body):
    """The code as it was typed, the public key (JWK) and its signature over both."""

    code: Annotated[str, StringConstraints(max_length=40)] = Field(repr=False)
    public_jwk: dict[str, Any] = Field(max_length=12)
    proof: Annotated[str, StringConstraints(max_length=128)]


class RevokeBody(bodies.Body):
    """Why the device is not trusted any more."""

    reason: bodies.Reason


class DeviceApi:
    """For administrators and officers; and, with a code, for the device."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        admin = frozenset({DEPARTMENT_ADMIN})
        return [
            Endpoint("POST", "/face-auth/devices/pairings", self.invite, admin),
            Endpoint("POST", "/face-auth/devices/pair", self.pair, ANYONE),
            Endpoint("GET", "/face-auth/devices", self.list, admin | {COMPLIANCE_OFFICER, ENCARREGADO}),
            Endpoint("DELETE", "/face-auth/devices/{device_id:uuid}", self.revoke, admin),
        ]

    async def invite(self, request: Request) -> Response:
        """Make a code for one device; it is shown once."""
        principal = principal_at(request)
        body = await self._desk.body(InviteBody, request)
        access.require_department(principal, body.department)
        invited = await self._desk.run(
            devices.invite,
            self._services,
            department=body.department,
            label=body.label,
            act=self._desk.act(principal),
        )
        return JSONResponse({"code": invited.shown, "expires_at": invited.expires_at.isoformat()}, 201)

    async def pair(self, request: Request) -> Response:
        """Pair the device that signed a code."""
        body = await self._desk.body(PairBody, request)
        device = await self._desk.run(
            devices.pair,
            self._services,
            code=body.code,
            public_jwk=body.public_jwk,
            proof=body.proof,
            address=client_address(request, self._desk.app.settings),
            channel="http",
        )
        return JSONResponse({"device_id": str(device.id), "department": device.department, "label": device.label}, 201)

    async def list(self, request: Request) -> Response:
        """List the devices of the department, revoked ones included."""
        principal = principal_at(request)
        rows = await self._desk.run(devices.known, self._services, department=principal.department)
        return JSONResponse({"devices": [document(row) for row in rows]})

    async def revoke(self, request: Request) -> Response:
        """Revoke a device; its sessions have ended when this answers."""
        principal = principal_at(request)
        device_id: UUID = request.path_params["device_id"]
        body = await self._desk.body(RevokeBody, request)
        ended = await self._desk.run(
            devices.revoke,
            self._services,
            device_id,
            department=principal.department,
            reason=body.reason,
            act=self._desk.act(principal),
        )
        return JSONResponse({"success": True, "device_id": str(device_id), "sessions_revoked": ended})


def document(row: dict[str, Any]) -> dict[str, Any]:
    """Return a device's row as JSON."""
    return {
        "device_id": str(row["device_id"]),
        "department": row["department"],
        "label": row["label"],
        "status": row["status"],
        "paired_at": row["paired_at"].isoformat(),
        "paired_by": row["paired_by"],
        "revoked_at": row["revoked_at"].isoformat() if row["revoked_at"] else None,
        "revoked_reason": row["revoked_reason"],
    }
