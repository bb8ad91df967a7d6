"""Time stamps of an authority (RFC 3161) over HTTP."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

from cryptography import x509

from adapters.anchors.der import (
    BOOLEAN,
    NULL,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    encode,
    encode_integer,
    encode_oid,
    parse,
)
from adapters.anchors.timestamp_token import SHA256, TokenError, verify_token
from domain.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from adapters.identity.exchange import HttpExchange

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"
MOST_BYTES: Final = 64 * 1024
NONCE_BITS: Final = 63
GRANTED: Final = frozenset({0, 1})
"""PKIStatus granted, and granted with changes to what was asked for."""


class TimestampAuthority:
    """``application.ports.anchor.Anchor`` over RFC 3161: a signed statement of when a checkpoint existed.

    What is trusted is the signature on the token, not the connection: see ``timestamp_token`` for what is checked.
    """

    def __init__(
        self,
        url: str,
        exchange: HttpExchange,
        trusted: Sequence[x509.Certificate],
        *,
        timeout_s: float,
        nonce: Callable[[], int] = lambda: secrets.randbits(NONCE_BITS),
    ) -> None:
        """``trusted`` are the authorities, or time stamping certificates, that may vouch for a token."""
        self._url = url
        self._exchange = exchange
        self._trusted = list(trusted)
        self._timeout_s = timeout_s
        self._nonce = nonce

    @property
    def name(self) -> str:
        """See the port."""
        return "timestamp"

    def anchor(self, checkpoint: bytes) -> bytes:
        """Return the time stamp token of a checkpoint, DER. See the port."""
        nonce = self._nonce()
        body = self._exchange.fetch(
            "POST",
            self._url,
            whose="the time stamping authority",
            seconds=self._timeout_s,
            max_bytes=MOST_BYTES,
            headers={"content-type": QUERY, "accept": REPLY},
            content=request(checkpoint, nonce),
        )
        try:
            token = token_of(body)
            stamp = verify_token(token, checkpoint, self._trusted)
        except (DerError, TokenError) as error:
            raise UnavailableError(f"the time stamping authority's answer does not hold: {error}") from None
        if stamp.nonce != nonce:
            raise UnavailableError("the time stamping authority answers another request")
        return token


def request(stamped: bytes, nonce: int) -> bytes:
    """Return a TimeStampReq (RFC 3161, section 2.4.1) for the SHA-256 of those bytes, asking for the certificate."""
    algorithm = encode(SEQUENCE, encode_oid(SHA256), encode(NULL))
    imprint = encode(SEQUENCE, algorithm, encode(OCTET_STRING, hashlib.sha256(stamped).digest()))
    return encode(SEQUENCE, encode_integer(1), imprint, encode_integer(nonce), encode(BOOLEAN, b"\xff"))


def token_of(reply: bytes) -> bytes:
    """Return the token of a TimeStampResp (section 2.4.2). Raises ``TokenError`` where none is granted."""
    parts = parse(reply).expect(SEQUENCE).children()
    if not parts or not (status := parts[0].expect(SEQUENCE).children()):
        raise DerError("no status")
    if (code := status[0].integer()) not in GRANTED:
        raise TokenError(f"it refuses (status {code})")
    if len(parts) != 2:  # noqa: PLR2004 - the status and the token
        raise DerError("no token")
    return parts[1].raw


def read_authorities(path: Path, variable: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM file that ``variable`` names. Raises ``ConfigurationError``."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        raise ConfigurationError(f"{variable} cannot be read as certificates (PEM)") from None
