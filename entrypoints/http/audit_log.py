"""The log of events as the API shows it: the key to everybody, checkpoints, proofs and the last verdict to officers."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from application.log_proofs import prove_event
from application.log_standing import last_verification
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import COMPLIANCE_OFFICER, ENCARREGADO, EVERYWHERE
from entrypoints.http import access
from entrypoints.http.endpoint import ANYONE, Desk, Endpoint, principal_at

MOST_CHECKPOINTS: Final = 500
LARGEST: Final = (1 << 63) - 1


class AuditLogApi:
    """Five endpoints. The log is the whole house's: whoever reaches one department only does not see it."""

    def __init__(self, desk: Desk) -> None:
        """Work at that desk."""
        self._desk = desk
        self._services = desk.app.services

    def endpoints(self) -> list[Endpoint]:
        """Return what this answers."""
        officers = frozenset({COMPLIANCE_OFFICER, ENCARREGADO})
        return [
            Endpoint("GET", "/face-auth/audit/key", self.key, ANYONE),
            Endpoint("GET", "/face-auth/audit/checkpoints", self.checkpoints, officers),
            Endpoint("GET", "/face-auth/audit/checkpoints/latest", self.latest, officers),
            Endpoint("GET", "/face-auth/audit/proof", self.proof, officers),
            Endpoint("GET", "/face-auth/audit/verification", self.verification, officers),
        ]

    async def key(self, _request: Request) -> Response:
        """The public key that signs proofs, and its thumbprint."""
        notary = self._services.notary
        return JSONResponse({"thumbprint": notary.key_id, "jwk": dict(notary.public_jwk)})

    async def checkpoints(self, request: Request) -> Response:
        """The signed checkpoints after ``?after=``, oldest first."""
        access.require_department(principal_at(request), EVERYWHERE)
        after = _number(request, "after", 0)
        found = await self._desk.run(self._read, after)
        return JSONResponse({"checkpoints": found, "truncated": len(found) == MOST_CHECKPOINTS})

    async def latest(self, request: Request) -> Response:
        """The newest signed checkpoint."""
        access.require_department(principal_at(request), EVERYWHERE)
        newest = await self._desk.run(self._services.log.newest_checkpoint)
        if newest is None:
            raise NotFoundError("there is no checkpoint yet")
        return JSONResponse(json.loads(newest[1]))

    async def proof(self, request: Request) -> Response:
        """The proof that the event at ``?position=`` is in the log of the newest checkpoint."""
        access.require_department(principal_at(request), EVERYWHERE)
        position = _number(request, "position", None)
        return JSONResponse(await self._desk.run(prove_event, self._services, position))

    async def verification(self, request: Request) -> Response:
        """The result of the last verification; null before the first."""
        access.require_department(principal_at(request), EVERYWHERE)
        return JSONResponse({"verification": await self._desk.run(last_verification, self._services)})

    def _read(self, after: int) -> list[dict[str, Any]]:
        with self._services.log.reading() as reading:
            return [json.loads(envelope) for _, envelope in reading.checkpoints(after, MOST_CHECKPOINTS)]


def _number(request: Request, name: str, default: int | None) -> int:
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST)) or int(text) > LARGEST:
        raise InvalidInputError(f"{name} is a whole number")
    return int(text)
