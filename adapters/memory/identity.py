"""An identity provider whose tokens are handles that only it knows."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from domain.errors import TokenInvalidError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from application.ports.clock import Clock
    from application.ports.tokens import Principal

PREFIX = "idp."
HANDLE_BYTES = 32


class MemoryIdentityProvider:
    """``application.ports.identity.IdentityProvider`` in a dict."""

    def __init__(self, clock: Clock) -> None:
        """Tell expiry by ``clock``."""
        self._clock = clock
        self._tokens: dict[str, tuple[Principal, datetime]] = {}

    def issue(self, principal: Principal, ttl: timedelta) -> str:
        """Return a handle that speaks for that principal."""
        handle = PREFIX + secrets.token_urlsafe(HANDLE_BYTES)
        self._tokens[handle] = (principal, self._clock.now() + ttl)
        return handle

    def issued(self, token: str) -> bool:
        """Say whether it looks like a handle of this provider. See the port."""
        return token.startswith(PREFIX)

    def verify(self, token: str) -> Principal:
        """Return the principal of a handle that lives; raise ``TokenInvalidError``."""
        kept = self._tokens.get(token)
        if kept is None or self._clock.now() >= kept[1]:
            raise TokenInvalidError("the token is not valid")
        return kept[0]
