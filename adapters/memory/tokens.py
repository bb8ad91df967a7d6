"""Tokens without signatures: random handles that only their issuer knows."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from adapters.crypto.tokens import ACCESS_LIFETIME, OFFICER, check_staff
from application.ports.tokens import AccessFacts, Principal
from domain.errors import TokenInvalidError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

    from application.ports.clock import Clock, Ids

HANDLE_BYTES = 32


class MemoryTokenIssuer:
    """``application.ports.tokens.TokenIssuer`` in a dict."""

    def __init__(
        self, clock: Clock, ids: Ids, *, audience: str = "medical-record", client_id: str = "faceauth-app"
    ) -> None:
        """Tell expiry by ``clock``; ``audience`` and ``client_id`` are the built-in client's."""
        self._clock = clock
        self._ids = ids
        self._audience = audience
        self._client_id = client_id
        self._facts: dict[str, AccessFacts] = {}
        self._issued: dict[str, tuple[Principal, datetime]] = {}

    def issue_access(
        self,
        *,
        subject_id: UUID,
        session_id: UUID,
        department: str,
        amr: tuple[str, ...],
        acr: str,
        authenticated_at: datetime,
        client_id: str | None = None,
        audience: str | None = None,
        bound_to: str = "",
    ) -> tuple[str, int]:
        """Return (handle, 300 seconds)."""
        principal = Principal(
            actor=f"subject:{subject_id}",
            roles=frozenset({"subject"}),
            department=department,
            token_id=str(self._ids.new()),
            subject_id=subject_id,
            session_id=session_id,
            bound_to=bound_to,
        )
        handle = self._keep(principal, ACCESS_LIFETIME)
        client_id, audience = client_id or self._client_id, audience or self._audience
        claims = {
            "aud": audience,
            "sub": f"{audience}|{subject_id.hex}",
            "sid": str(session_id),
            "client_id": client_id,
            "exp": int((self._clock.now() + ACCESS_LIFETIME).timestamp()),
            "auth_time": int(authenticated_at.timestamp()),
            "acr": acr,
            "amr": list(amr),
            "department": department,
            **({"cnf": {"jkt": bound_to}} if bound_to else {}),
        }
        self._facts[handle] = AccessFacts(subject_id, session_id, client_id, audience, bound_to, claims)
        return handle, int(ACCESS_LIFETIME.total_seconds())

    def issue_staff(self, *, role: str, department: str, ttl: timedelta, officer: str = "") -> str:
        """Return a handle; raise ``InvalidInputError`` for what no staff token may say."""
        check_staff(role, department, ttl, officer)
        token_id = str(self._ids.new())
        actor = f"{OFFICER}{officer}" if officer else f"token:{token_id}"
        principal = Principal(actor=actor, roles=frozenset({role}), department=department, token_id=token_id)
        return self._keep(principal, ttl)

    def verify(self, token: str) -> Principal:
        """Return the principal of a handle that lives; raise ``TokenInvalidError``."""
        kept, facts = self._issued.get(token), self._facts.get(token)
        elsewhere = facts is not None and facts.audience != self._audience
        if kept is None or self._clock.now() >= kept[1] or elsewhere:
            raise TokenInvalidError("the token is not valid")
        return kept[0]

    def read_access(self, token: str, audiences: Collection[str]) -> AccessFacts:
        """Return what a session's handle says; raise ``TokenInvalidError``."""
        facts = self._facts.get(token)
        if facts is None or facts.audience not in audiences or self._clock.now() >= self._issued[token][1]:
            raise TokenInvalidError("the token is not valid")
        return facts

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
