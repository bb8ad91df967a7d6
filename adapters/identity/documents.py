"""Fetch a provider's documents: OpenID Connect discovery and the JSON Web Key Set, bounded in every direction."""

from __future__ import annotations

import ipaddress
import json
import ssl
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S: Final = 2.0
"""For connecting, and for every wait for more bytes."""
DOCUMENT_S: Final = 4.0
"""For a body as a whole: one that trickles in is given up."""
MAX_DOCUMENT_BYTES: Final = 256 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"
OK: Final = 200


def check_url(url: str, *, query: bool = False) -> str:
    """Return a URL that a provider may be reached at, with a ``query`` only if so. Raises ``ConfigurationError``.

    That is https (OpenID Connect Discovery 1.0, section 3), or http to this machine itself.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and _loopback(host))
    if not secure or not host or parts.username or parts.password or (parts.query and not query) or parts.fragment:
        raise ConfigurationError("the identity provider's address is an https URL without user or fragment")
    return url


class ProviderDocuments:
    """Asks one issuer for its keys. Synchronous; every failure is an ``UnavailableError`` that names no address."""

    def __init__(self, issuer: str, *, ca_file: Path | None = None) -> None:
        """Trust the system's certificates, or only those in ``ca_file``. Raises ``ConfigurationError``."""
        self._issuer = check_url(issuer)
        try:
            self._tls = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError("the identity provider's CA file cannot be read") from error

    def key_set(self) -> list[Any]:
        """Return the members of the issuer's key set (RFC 7517, section 5), unchecked. Raises ``UnavailableError``."""
        # trust_env: a .netrc or a proxy variable must not decide whose keys we believe
        with httpx.Client(
            verify=self._tls,
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        ) as client:
            found = self._document(client, self._issuer.rstrip("/") + WELL_KNOWN)
            if found.get("issuer") != self._issuer:
                raise UnavailableError("the discovery document is of another issuer")
            try:
                where = check_url(str(found.get("jwks_uri")), query=True)
            except ConfigurationError:
                raise UnavailableError("the discovery document names no usable key set") from None
            keys = self._document(client, where).get("keys")
        if not isinstance(keys, list):
            raise UnavailableError("the identity provider's key set has no keys")
        return keys

    @staticmethod
    def _document(client: httpx.Client, url: str) -> dict[str, Any]:
        try:
            document = json.loads(_body(client, url))
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise UnavailableError("the identity provider cannot be reached") from None
        except (ValueError, RecursionError):
            raise UnavailableError("the identity provider's document is not JSON") from None
        if not isinstance(document, dict):
            raise UnavailableError("the identity provider's document is not an object")
        return document


def _body(client: httpx.Client, url: str) -> bytes:
    end = time.monotonic() + DOCUMENT_S
    with client.stream("GET", url) as response:
        if response.status_code != OK or "content-encoding" in response.headers:
            raise UnavailableError("the identity provider does not answer as it should")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_DOCUMENT_BYTES:
                raise UnavailableError(f"a document of the identity provider has at most {MAX_DOCUMENT_BYTES} bytes")
            if time.monotonic() > end:
                raise UnavailableError("the identity provider is too slow")
    return bytes(body)


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
