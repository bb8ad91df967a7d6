"""Where key sets come from: a provider's discovery, an address, a file. Bounded in every direction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from adapters.identity.exchange import HttpExchange, check_url, trusting
from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from pathlib import Path

DOCUMENT_S: Final = 4.0
"""For a document as a whole: one that trickles in is given up."""
MAX_DOCUMENT_BYTES: Final = 256 * 1024
WELL_KNOWN: Final = "/.well-known/openid-configuration"
WHOSE: Final = "the issuer"


class ProviderDocuments:
    """Asks one issuer for its keys. Synchronous; every failure is an ``UnavailableError`` that names no address."""

    def __init__(self, issuer: str, *, ca_file: Path | None = None) -> None:
        """Trust the system's certificates, or only those in ``ca_file``. Raises ``ConfigurationError``."""
        self._issuer = check_url(issuer)
        self._tls = trusting(ca_file, "FACEAUTH_IDP_CA_FILE")

    def key_set(self) -> list[Any]:
        """Return the members of the issuer's key set (RFC 7517, section 5), unchecked. Raises ``UnavailableError``."""
        with HttpExchange(self._tls) as exchange:
            found = _document(_fetched(exchange, self._issuer.rstrip("/") + WELL_KNOWN))
            if found.get("issuer") != self._issuer:
                raise UnavailableError("the discovery document is of another issuer")
            try:
                where = check_url(str(found.get("jwks_uri")), query=True)
            except ConfigurationError:
                raise UnavailableError("the discovery document names no usable key set") from None
            return _members(_fetched(exchange, where))


def keys_at(url: str, tls: ssl.SSLContext) -> Callable[[], list[Any]]:
    """Return what fetches the members of the key set at an address. Raises ``ConfigurationError`` for an unsafe one."""
    check_url(url, "the address of a key set", query=True)

    def fetch() -> list[Any]:
        with HttpExchange(tls) as exchange:
            return _members(_fetched(exchange, url))

    return fetch


def keys_in(path: Path) -> Callable[[], list[Any]]:
    """Return what reads the members of the key set in a file."""

    def read() -> list[Any]:
        try:
            with path.open("rb") as file:
                return _members(file.read(MAX_DOCUMENT_BYTES + 1))
        except OSError as error:
            raise UnavailableError(f"the issuer's keys cannot be read: {error.strerror}") from None

    return read


def _fetched(exchange: HttpExchange, url: str) -> bytes:
    return exchange.fetch(
        "GET",
        url,
        whose=WHOSE,
        seconds=DOCUMENT_S,
        max_bytes=MAX_DOCUMENT_BYTES,
        headers={"accept": "application/json"},
    )


def _members(raw: bytes) -> list[Any]:
    keys = _document(raw).get("keys")
    if not isinstance(keys, list):
        raise UnavailableError("the issuer's key set has no keys")
    return keys


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw) if len(raw) <= MAX_DOCUMENT_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnavailableError("the issuer's document is no JSON object")
    return document
