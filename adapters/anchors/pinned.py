"""Somebody else's signing key, known by its public half alone."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from application.signed_documents import canonical
from domain.errors import ConfigurationError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MOST_BYTES: Final = 16 * 1024


class PinnedKey:
    """``application.ports.notary.Verifier``."""

    def __init__(self, jwk: Mapping[str, object]) -> None:
        """Take an Ed25519 public key as a JSON Web Key (RFC 8037). Raises ``InvalidInputError``."""
        kind, x = (jwk.get("kty"), jwk.get("crv")), jwk.get("x")
        if kind != ("OKP", "Ed25519") or not isinstance(x, str):
            raise InvalidInputError("that is no Ed25519 public key (JSON Web Key)")
        try:
            self._key = Ed25519PublicKey.from_public_bytes(
                base64.b64decode(x + "=" * (-len(x) % 4), altchars=b"-_", validate=True)
            )
        except ValueError:
            raise InvalidInputError("that is no Ed25519 public key (JSON Web Key)") from None
        required = {"crv": "Ed25519", "kty": "OKP", "x": x}
        thumbprint = hashlib.sha256(canonical(required)).digest()
        self._key_id = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
        self._jwk = {**required, "kid": self._key_id, "use": "sig", "alg": "EdDSA"}

    @classmethod
    def read(cls, path: Path, what: str) -> PinnedKey:
        """Read the key from a JSON file that ``what`` names. Raises ``ConfigurationError``."""
        try:
            with path.open("rb") as file:
                jwk = json.loads(file.read(MOST_BYTES))
            return cls(jwk if isinstance(jwk, dict) else {})
        except (OSError, ValueError, RecursionError, InvalidInputError):
            raise ConfigurationError(f"{what} cannot be read as an Ed25519 public key (JSON Web Key)") from None

    @property
    def key_id(self) -> str:
        """The thumbprint of the key. See the port."""
        return self._key_id

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The key. See the port."""
        return dict(self._jwk)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether that is a signature by this key. See the port."""
        try:
            self._key.verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True
