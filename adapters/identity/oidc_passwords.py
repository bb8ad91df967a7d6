"""Passwords that an OpenID provider verifies: the resource owner password grant (RFC 6749, section 4.3).

The grant is deprecated (RFC 9700, section 2.4) and off at most providers; it is here for those that allow it.
"""

from __future__ import annotations

import json
import logging
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlsplit

import httpx

from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.passwords import Presented

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
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
        parts = urlsplit(endpoint.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ConfigurationError("FACEAUTH_PASSWORD_OIDC_TOKEN_URL: passwords travel by https://")
        if not endpoint.client_id:
            raise ConfigurationError("FACEAUTH_PASSWORD_OIDC_CLIENT_ID: name our client at the provider")
        try:
            context = ssl.create_default_context(cafile=None if endpoint.ca_file is None else str(endpoint.ca_file))
        except (OSError, ssl.SSLError):
            raise ConfigurationError("FACEAUTH_PASSWORD_OIDC_CA_FILE: no certificates in that file") from None
        self._endpoint = endpoint
        # No proxies and no .netrc out of the environment: the password goes where the settings say.
        self._client = httpx.Client(verify=context, timeout=endpoint.timeout_s, follow_redirects=False, trust_env=False)

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
        try:
            with self._client.stream("POST", endpoint.url, data=form, auth=auth) as response:
                return _accepted(response.status_code, self._read(response))
        except httpx.HTTPError as error:
            log.warning("the provider failed: %s", type(error).__name__)
        raise UnavailableError("the provider cannot be reached")

    def _read(self, response: httpx.Response) -> bytes:
        """Return the whole answer. Raises ``UnavailableError`` for one that is too long, or comes drop by drop."""
        deadline = time.monotonic() + self._endpoint.timeout_s
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                raise UnavailableError("the provider's answer is too long")
        return bytes(body)

    def close(self) -> None:
        """Close the connections that wait to be used again."""
        self._client.close()


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
