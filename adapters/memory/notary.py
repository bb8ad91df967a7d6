"""A notary without a key pair: signatures that only itself can verify."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryNotary:
    """``application.ports.notary.Notary`` with a keyed digest of 64 bytes."""

    def __init__(self) -> None:
        """Make up a key."""
        self._key = secrets.token_bytes(32)

    @property
    def key_id(self) -> str:
        """A name for the key."""
        return hashlib.sha256(self._key).hexdigest()[:43]

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """Nothing that anybody else could verify with."""
        return {"kty": "OKP", "crv": "Ed25519", "x": "", "kid": self.key_id}

    def sign(self, message: bytes) -> bytes:
        """Return the digest of the message."""
        return hmac.digest(self._key, message, "sha512")

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether that is our digest of the message."""
        return hmac.compare_digest(self.sign(message), signature)
