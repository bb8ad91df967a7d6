"""AES-256-GCM with associated data: nonce, ciphertext and tag in one."""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import SealBrokenError

NONCE_BYTES: Final = 12
"""96 bits, the size AES-GCM is made for; random, so at most 2^32 values per key (NIST SP 800-38D, section 8.3)."""


def seal(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Return nonce, ciphertext and tag under ``key`` (32 bytes); ``context`` is authenticated, not contained."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def open_sealed(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Return the plaintext. Raises ``SealBrokenError`` for anything that ``seal`` did not return for that context."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):  # ValueError: fewer bytes than a nonce
        raise SealBrokenError("a sealed value was changed or does not belong here") from None


def encoded(*parts: str) -> bytes:
    """Return the parts as associated data, each behind its length: ("ab", "c") and ("a", "bc") must not be the same."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
