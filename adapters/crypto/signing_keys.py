"""The key pairs that sign tokens, in one file of the state directory."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from adapters.crypto.entropy import SystemClock
from adapters.crypto.key_files import damaged, open_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = "faceauth-signing-keys/1"
COORDINATE_BYTES = 32
"""Coordinates of P-256 are written at full length (RFC 7518, section 6.2.1.2)."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 key pair under the thumbprint of its public half."""

    kid: str
    state: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class SigningKeys:
    """Key pairs read from a signing file: one active signs, all of them verify."""

    path: Path
    keys: Mapping[str, SigningKey] = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Load the keys; make a first pair where there is no file. An existing file is never written to.

        Raises ``KeyRingError`` when the file is damaged or within reach of other users of the machine.
        """
        document = open_document(path, kind=FORMAT, fresh=_fresh)
        try:
            keys = [_loaded(entry) for entry in document["keys"]]
        except (KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
            raise damaged(path) from None
        by_kid = {key.kid: key for key in keys}
        if [key.state for key in keys] != ["active"]:
            raise damaged(path)
        return cls(path=path, keys=by_kid)

    def active(self) -> SigningKey:
        """Return the key pair that signs."""
        return next(key for key in self.keys.values() if key.state == "active")

    def public(self, kid: object) -> ec.EllipticCurvePublicKey | None:
        """Return the public key of that id, None when there is none."""
        key = self.keys.get(kid) if isinstance(kid, str) else None
        return None if key is None else key.private.public_key()

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517), private parts left behind."""
        return {
            "keys": [
                {**_public_jwk(key.private.public_key()), "kid": key.kid, "use": "sig", "alg": "ES256"}
                for key in self.keys.values()
            ]
        }


def _fresh() -> dict[str, Any]:
    private = ec.generate_private_key(ec.SECP256R1())
    entry = {
        "kid": _thumbprint(private.public_key()),
        "state": "active",
        "created_at": SystemClock().now().isoformat(),
        "private_pem": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    }
    return {"keys": [entry]}


def _loaded(entry: Mapping[str, Any]) -> SigningKey:
    private = load_pem_private_key(entry["private_pem"].encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise TypeError("not a P-256 key")
    if entry["kid"] != _thumbprint(private.public_key()):
        raise ValueError("key and key id do not belong together")
    return SigningKey(kid=entry["kid"], state=entry["state"], private=private)


def _public_jwk(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}


def _thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    # RFC 7638, section 3: SHA-256 over the required members, sorted, without white space.
    canonical = json.dumps(_public_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _coordinate(number: int) -> str:
    return _base64url(number.to_bytes(COORDINATE_BYTES, "big"))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
