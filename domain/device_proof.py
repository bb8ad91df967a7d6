"""What a device signs, byte for byte, so that clients in any language can do it too. See docs/device-protocol.md."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Final

from domain.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

CHAIN_PREFIX: Final = b"faceauth/frames/v1\n"
ATTEMPT_PREFIX: Final = b"faceauth/attempt/v1\n"
PAIRING_PREFIX: Final = b"faceauth/pairing/v1\n"
"""Three uses of one key that nothing signed for one can serve in another."""

COORDINATE_BYTES: Final = 32
"""Of a point of P-256 (RFC 7518, section 6.2.1.2)."""

CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that nothing is mistaken for a digit or spells a word."""
CODE_CHARACTERS: Final = 10
_MISREAD: Final = str.maketrans("OIL", "011", "- \t\n")


class FrameChain:
    """A running SHA-256 chain over every binary message of an attempt, in the order in which they were sent.

    ``h0 = SHA-256(CHAIN_PREFIX || binding)`` and ``h(i+1) = SHA-256(h(i) || SHA-256(message i))``, where the binding of
    an attempt is ``attempt id (16 bytes) || length of the nonce (u16, big-endian) || nonce (UTF-8)``.
    """

    def __init__(self, attempt_id: UUID, nonce: str) -> None:
        """Begin the chain of that attempt."""
        self._binding = _binding(attempt_id, nonce)
        self.head = hashlib.sha256(CHAIN_PREFIX + self._binding).digest()
        self.count = 0

    def add(self, message: bytes) -> None:
        """Take in the next binary message, exactly as it came over the socket, header and all."""
        self.head = hashlib.sha256(self.head + hashlib.sha256(message).digest()).digest()
        self.count += 1

    @property
    def statement(self) -> bytes:
        """What the device signs: ``ATTEMPT_PREFIX || binding || count (u32, big-endian) || h(count)``."""
        return ATTEMPT_PREFIX + self._binding + self.count.to_bytes(4, "big") + self.head


def _binding(attempt_id: UUID, nonce: str) -> bytes:
    encoded = nonce.encode()
    return attempt_id.bytes + len(encoded).to_bytes(2, "big") + encoded


def pairing_statement(code: str, public_jwk: str) -> bytes:
    """Return what a device signs to be paired: ``PAIRING_PREFIX || code (ASCII) || thumbprint (32 bytes)``.

    The code is the one that ``plain_code`` returns, the key in the form of ``canonical_jwk``.
    """
    return PAIRING_PREFIX + code.encode("ascii") + hashlib.sha256(public_jwk.encode()).digest()


def thumbprint(public_jwk: str) -> str:
    """Return the thumbprint of a canonical key (RFC 7638, section 3), base64url without padding."""
    return encoded(hashlib.sha256(public_jwk.encode()).digest())


def canonical_jwk(jwk: Mapping[str, object]) -> str:
    """Return a public P-256 key in the one form that it is kept in: RFC 7638, section 3.

    Members that say nothing of the key itself (``ext``, ``key_ops``) are left out. Raises ``InvalidInputError`` for
    another kind of key, for one with a private part, and for coordinates that are not 32 bytes each in base64url.
    Whether the point is on the curve is for whoever verifies with it to say.
    """
    if "d" in jwk:
        raise InvalidInputError("a private key never leaves its device")
    if (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise InvalidInputError("the key of a device is on the curve P-256")
    x, y = (_coordinate(jwk.get(name)) for name in ("x", "y"))
    return json.dumps({"crv": "P-256", "kty": "EC", "x": x, "y": y}, separators=(",", ":"))


def _coordinate(text: object) -> str:
    if not isinstance(text, str) or len(text) > 2 * COORDINATE_BYTES:
        raise InvalidInputError("a coordinate of the key is missing")
    value = decoded(text)
    # One key has one spelling: another would be another thumbprint, and the key could be paired twice.
    if len(value) != COORDINATE_BYTES or encoded(value) != text:
        raise InvalidInputError("a coordinate of the key is not 32 bytes in base64url")
    return text


def plain_code(text: str) -> str:
    """Return a code as it was made, however it was typed. Raises ``InvalidInputError`` for what was never a code."""
    code = text.upper().translate(_MISREAD)
    if len(code) != CODE_CHARACTERS or not set(code) <= set(CODE_ALPHABET):
        raise InvalidInputError(f"a pairing code has {CODE_CHARACTERS} letters and digits")
    return code


def encoded(data: bytes) -> str:
    """Return base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """Return what base64url without padding stands for. Raises ``InvalidInputError``."""
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise InvalidInputError("not base64url") from None
