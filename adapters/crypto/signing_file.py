"""The file of the key pairs that sign tokens: what stands in it, and reading it back."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from application.ports.signing import ACTIVE, NEXT, RETIRED, RETIRING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT: Final = "faceauth-signing-keys/2"
FORMER_FORMAT: Final = "faceauth-signing-keys/1"
"""One active key and nothing else; rewritten as the format above by the first rotation."""

COORDINATE_BYTES: Final = 32
"""Coordinates of P-256 are written at full length (RFC 7518, section 6.2.1.2)."""

FAULTS: Final = (KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm)
"""What reading raises for content that is not ours."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A P-256 key under the thumbprint of its public half; ``half`` is the private one, None once it is retired."""

    kid: str
    state: str
    created_at: datetime
    changed_at: datetime
    public: ec.EllipticCurvePublicKey = field(repr=False)
    half: ec.EllipticCurvePrivateKey | None = field(repr=False)

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        """The private half of a key that is not retired."""
        if self.half is None:
            raise ValueError("a retired key signs nothing")
        return self.half

    def jwk(self) -> dict[str, str]:
        """Return the public half as a JSON Web Key (RFC 7517)."""
        return {**public_jwk(self.public), "kid": self.kid, "use": "sig", "alg": "ES256"}


def fresh_key(state: str, now: datetime) -> SigningKey:
    """Make a key pair."""
    private = ec.generate_private_key(ec.SECP256R1())
    return SigningKey(thumbprint(private.public_key()), state, now, now, private.public_key(), private)


def written(keys: Sequence[SigningKey]) -> dict[str, Any]:
    """Return the keys as the members of the file."""
    return {"keys": [_entry(key) for key in keys]}


def read_keys(document: Mapping[str, Any]) -> list[SigningKey]:
    """Return the keys of a file of either format. Raises one of ``FAULTS`` for anything that cannot be."""
    keys = [_read(entry) for entry in document["keys"]]
    states = [key.state for key in keys]
    if states.count(ACTIVE) != 1 or states.count(NEXT) > 1 or len({key.kid for key in keys}) != len(keys):
        raise ValueError("not one active key")
    if document["format"] == FORMER_FORMAT and states != [ACTIVE]:
        raise ValueError("the former format holds one key")
    return keys


def public_jwk(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """Return the required members of a public P-256 key (RFC 7518, section 6.2.1)."""
    numbers = public.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}


def thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    """Return the SHA-256 thumbprint of RFC 7638, section 3: over the required members, sorted, without white space."""
    canonical = json.dumps(public_jwk(public), sort_keys=True, separators=(",", ":")).encode()
    return base64url(hashlib.sha256(canonical).digest())


def loaded_public(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """Return the public key of a P-256 JSON Web Key. Raises ``ValueError``, ``TypeError``, ``KeyError``."""
    if jwk["kty"] != "EC" or jwk["crv"] != "P-256":
        raise ValueError("not a P-256 key")
    x, y = (_number(jwk[name]) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def base64url(raw: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _entry(key: SigningKey) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "kid": key.kid,
        "state": key.state,
        "created_at": key.created_at.isoformat(),
        "changed_at": key.changed_at.isoformat(),
    }
    if key.half is None:
        return entry | {"public_jwk": public_jwk(key.public)}
    pem = key.half.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return entry | {"private_pem": pem.decode()}


def _read(entry: Mapping[str, Any]) -> SigningKey:
    state, half = entry["state"], None
    if state == RETIRED:
        if "private_pem" in entry:
            raise ValueError("a retired key has no private half")
        public = loaded_public(entry["public_jwk"])
    elif state in {NEXT, ACTIVE, RETIRING}:
        half = _private(entry["private_pem"])
        public = half.public_key()
    else:
        raise ValueError("no state of a key")
    if entry["kid"] != thumbprint(public):
        raise ValueError("key and key id do not belong together")
    created = _time(entry["created_at"])
    changed = _time(entry["changed_at"]) if "changed_at" in entry else created
    return SigningKey(entry["kid"], state, created, changed, public, half)


def _private(pem: str) -> ec.EllipticCurvePrivateKey:
    private = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise TypeError("not a P-256 key")
    return private


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _coordinate(number: int) -> str:
    return base64url(number.to_bytes(COORDINATE_BYTES, "big"))


def _number(text: str) -> int:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(raw) != COORDINATE_BYTES or base64url(raw) != text:
        raise ValueError("a coordinate of P-256 has 32 bytes")
    return int.from_bytes(raw, "big")
