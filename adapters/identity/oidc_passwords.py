"""Passwords that an OpenID provider verifies: the resource owner password grant (RFC 6749, section 4.3).

The grant is deprecated (RFC 9700, section 2.4) and off at most providers; it is here for those that allow it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

import httpx

from adapters.identity.exchange import HttpExchange, check_url, trusting
from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.passwords import Presented

MAX_ANSWER_BYTES: Final = 256 * 1024
OK: Final = 200
REFUSALS: Final = frozenset({400, 401, 403})
"""Statuses with which providers say ``invalid_grant``: RFC 6749, section 5.2, says 400; Keycloak says 401."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The provider's token endpoint and our client there; ``client_secret`` is "" for a public client."""

    url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid"
    ca_file: Path | None = None
    timeout_s: float = 5.0


class OidcPasswords:
    """``application.ports.passwords.PasswordVerifier`` by a provider's token endpoint. Its tokens are thrown away."""

    def __init__(self, endpoint: TokenEndpoint) -> None:
        """Check the configuration; nothing is connected. Raises ``ConfigurationError``."""
        check_url(endpoint.url, "FACEAUTH_PASSWORD_OIDC_TOKEN_URL")
        if not endpoint.client_id:
            raise ConfigurationError("FACEAUTH_PASSWORD_OIDC_CLIENT_ID: name our client at the provider")
        self._endpoint = endpoint
        self._exchange = HttpExchange(trusting(endpoint.ca_file, "FACEAUTH_PASSWORD_OIDC_CA_FILE"))

    @property
    def name(self) -> str:
        """An OpenID provider."""
        return "oidc"

    def verify(self, presented: Presented) -> bool:
        """Ask for tokens, for nobody as for somebody. See the port."""
        if not presented.password or not presented.username:
            return False
        endpoint = self._endpoint
        form = {
            "grant_type": "password",
            "username": presented.username,
            "password": presented.password,
            "scope": endpoint.scope,
        }
        auth: httpx.BasicAuth | None = None
        if endpoint.client_secret:
            # Form-encoded before they become a user and a password (RFC 6749, section 2.3.1).
            auth = httpx.BasicAuth(quote_plus(endpoint.client_id), quote_plus(endpoint.client_secret))
        else:
            form["client_id"] = endpoint.client_id
        reply = self._exchange.send(
            "POST", endpoint.url, seconds=endpoint.timeout_s, max_bytes=MAX_ANSWER_BYTES, data=form, auth=auth
        )
        if reply.fault or len(reply.body) > MAX_ANSWER_BYTES:
            log.warning("the provider failed: %s", reply.fault or "its answer is too long")
            raise UnavailableError("the provider cannot be reached")
        return _accepted(reply.status, reply.body)

    def check(self) -> None:
        """Ask the endpoint for anything at all: whatever it says, it was reached. See the port."""
        reply = self._exchange.send(
            "GET", self._endpoint.url, seconds=self._endpoint.timeout_s, max_bytes=MAX_ANSWER_BYTES
        )
        if reply.fault:
            raise UnavailableError(f"the provider cannot be reached: {reply.fault}")

    def close(self) -> None:
        """Close the connections that wait to be used again."""
        self._exchange.close()


def _accepted(status: int, body: bytes) -> bool:
    """Say what an answer means. Raises ``UnavailableError`` for one that says neither yes nor no."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    said = document if isinstance(document, dict) else {}
    if status == OK and isinstance(said.get("access_token"), str) and said["access_token"]:
        return True
    if status in REFUSALS and said.get("error") == "invalid_grant":
        return False
    log.warning("the provider answers the password grant with status %d", status)
    raise UnavailableError("the provider cannot verify passwords now")
