"""Where the service may send to: hosts that an operator named, and nowhere else (server-side request forgery)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from domain.errors import EndpointForbiddenError

MAX_URL_CHARACTERS: Final = 2000
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
MAX_PORT: Final = 0xFFFF
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_URL: Final = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?(/[!-~]*)?", re.IGNORECASE)
"""Scheme, host, port, path: no user, no fragment (below), nothing that two parsers could read in two ways."""


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """``hosts`` are "host" (https, port 443) or "host:port"; none of them, and nothing is sent anywhere.

    ``plain_loopback`` allows http to this very machine: for a sidecar that does TLS, and for tests.
    """

    hosts: frozenset[str] = frozenset()
    plain_loopback: bool = False

    def check(self, url: str) -> str:
        """Return the address. Raises ``EndpointForbiddenError``, which never repeats it."""
        found = _URL.fullmatch(url) if len(url) <= MAX_URL_CHARACTERS else None
        if found is None or "#" in url or "\\" in url:
            raise EndpointForbiddenError("the endpoint is not a plain https address")
        scheme, host = found[1].lower(), found[2].lower()
        port = int(found[3] or (HTTPS_PORT if scheme == "https" else HTTP_PORT))
        if (urlsplit(url).hostname or "") != host.strip("[]") or not 0 < port <= MAX_PORT:
            raise EndpointForbiddenError("the endpoint is not a plain https address")
        if scheme != "https" and not (self.plain_loopback and host in LOOPBACK):
            raise EndpointForbiddenError("the endpoint must be https")
        names = {f"{host}:{port}", *((host,) if port == HTTPS_PORT else ())}
        if not names & self.hosts:
            raise EndpointForbiddenError("the endpoint's host is not on the allow-list (FACEAUTH_SIGNAL_HOSTS)")
        return url
