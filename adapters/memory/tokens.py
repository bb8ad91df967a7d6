"""Tokens without signatures: random handles that only their issuer knows."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from adapters.crypto.tokens import ACCESS_LIFETIME, check_staff
from application.ports.tokens import Principal
from domain.errors import TokenInvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

    from application.ports.clock import Clock, Ids

HANDLE_BYTES = 32


class MemoryTokenIssuer:
    """``application.ports.tokens.TokenIssuer`` in a dict."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        """Tell expiry by ``clock``."""
        self._clock = clock
        self._ids = ids
        self._issued: dict[str, tuple[Principal, datetime]] = {}

    def issue_access(
        self,
        *,
        subject_id: UUID,
        session_id: UUID,
        department: str,
        amr: tuple[str, ...],  # noqa: ARG002 - the port says it; nobody reads it back from a handle
        acr: str,  # noqa: ARG002 - same
        authenticated_at: datetime,  # noqa: ARG002 - same
    ) -> tuple[str, int]:
        """Return (handle, 300 seconds)."""
        principal = Principal(
            actor=f"subject:{subject_id}",
            roles=frozenset({"subject"}),
            department=department,
            token_id=str(self._ids.new()),
            subject_id=subject_id,
            session_id=session_id,
        )
        return self._keep(principal, ACCESS_LIFETIME), int(ACCESS_LIFETIME.total_seconds())

    def issue_staff(self, *, role: str, department: str, ttl: timedelta) -> str:
        """Return a handle; raise ``InvalidInputError`` for what no staff token may say."""
        check_staff(role, department, ttl)
        token_id = str(self._ids.new())
        principal = Principal(
            actor=f"token:{token_id}", roles=frozenset({role}), department=department, token_id=token_id
        )
        return self._keep(principal, ttl)

    def verify(self, token: str) -> Principal:
        """Return the principal of a handle that lives; raise ``TokenInvalidError``."""
        kept = self._issued.get(token)
        if kept is None or self._clock.now() >= kept[1]:
            raise TokenInvalidError("the token is not valid")
        return kept[0]

    def certify(self, kind: str, claims: Mapping[str, Any]) -> str:
        """Return the statement as JSON: handles are not signed."""
        return json.dumps({"typ": kind, **claims}, sort_keys=True, default=str)

    def jwks(self) -> Mapping[str, Any]:
        """Return a key set without keys: handles are not signed."""
        return {"keys": []}

    def _keep(self, principal: Principal, lifetime: timedelta) -> str:
        handle = secrets.token_urlsafe(HANDLE_BYTES)
        self._issued[handle] = (principal, self._clock.now() + lifetime)
        return handle
