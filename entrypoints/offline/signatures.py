"""Signed documents opened without the service: JSON Web Signatures (RFC 7515) under keys that somebody trusts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

MOST_BYTES: Final = 256 << 20
P256_BYTES: Final = 32
REQUIRED: Final = {"OKP": ("crv", "kty", "x"), "EC": ("crv", "kty", "x", "y")}


class NotAuthenticError(Exception):
    """Changed, forged, or signed by somebody else than it says: exit 1."""


class CannotTellError(Exception):
    """Unreadable, of an unknown kind, or nobody said whom to trust: exit 2."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Public keys by thumbprint, and thumbprints that were compared over another channel."""

    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fingerprints: frozenset[str] = frozenset()

    def decides(self) -> bool:
        """Whether anybody is trusted at all."""
        return bool(self.keys or self.fingerprints)

    def includes(self, key_id: str) -> bool:
        """Whether that key is one of them."""
        return key_id in self.keys or key_id in self.fingerprints


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose signature is right; ``trusted`` says whether its key is."""

    kind: str
    document: dict[str, Any]
    key_id: str
    trusted: bool


def parse(text: bytes | str) -> Any:
    """Return JSON values; a name given twice or a number that is none is refused. Raises ``CannotTellError``."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError, UnicodeDecodeError):
        raise CannotTellError("não é JSON / this is not JSON") from None


def trusted_keys(document: Any) -> dict[str, Mapping[str, str]]:
    """Return the keys of a JWK, a JWK set or what ``faceauth audit key`` prints, by thumbprint.

    Raises ``CannotTellError``.
    """
    if not isinstance(document, dict):
        raise CannotTellError("não é uma chave / this is no key")
    listed = document.get("keys")
    found = listed if isinstance(listed, list) else [document.get("jwk", document)]
    keys: dict[str, Mapping[str, str]] = {thumbprint(key): key for key in found if isinstance(key, dict)}
    if not keys:
        raise CannotTellError("não há chave / there is no key in it")
    return keys


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint, base64url. Raises ``CannotTellError`` for a key of another kind."""
    try:
        required = {name: str(jwk[name]) for name in REQUIRED[str(jwk["kty"])]}
    except KeyError:
        raise CannotTellError("chave de outro tipo / a key of another kind") from None
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def open_envelope(envelope: Any, trust: Trust) -> Opened:
    """Return what an envelope of the notary holds. Raises ``NotAuthenticError``, ``CannotTellError``."""
    if not isinstance(envelope, dict) or not {"protected", "payload", "signature"} <= envelope.keys():
        raise CannotTellError("não é um documento assinado / this is no signed document")
    opened = _opened([str(envelope[name]) for name in ("protected", "payload", "signature")], trust)
    if "document" in envelope and _text(envelope["document"]) != _text(opened.document):
        raise NotAuthenticError("o texto não é o que foi assinado / what it shows is not what was signed")
    return opened


def open_token(token: str, trust: Trust) -> Opened:
    """Return what a compact token (an erasure certificate) holds. Raises as ``open_envelope``."""
    parts = token.strip().split(".")
    if len(parts) != 3:  # noqa: PLR2004 - RFC 7515, section 7.1
        raise CannotTellError("não é um documento assinado / this is no signed document")
    return _opened(parts, trust)


def digest(envelope: Mapping[str, Any]) -> str:
    """Return the name by which the next checkpoint names this one."""
    return hashlib.sha256(
        ".".join(str(envelope[n]) for n in ("protected", "payload", "signature")).encode()
    ).hexdigest()


def _opened(parts: Sequence[str], trust: Trust) -> Opened:
    protected, payload, signature = parts
    header, document = _json(protected), _json(payload)
    jwk = header.get("jwk")
    key_id = str(header.get("kid", ""))
    candidates = (
        [jwk] if isinstance(jwk, dict) else [k for k in trust.keys.values() if key_id in (thumbprint(k), k.get("kid"))]
    )
    if not candidates:
        if trust.decides():
            raise NotAuthenticError(f"assinado por outra chave / signed by another key: {key_id}")
        raise CannotTellError(f"assinado por / signed by {key_id}: dê a chave com --key / give its key with --key")
    key = candidates[0]
    name = thumbprint(key)
    if isinstance(jwk, dict) and name != key_id:
        raise NotAuthenticError("a chave não é a que diz ser / the key is not the one it says it is")
    if not _verify(key, str(header.get("alg")), f"{protected}.{payload}".encode(), _bytes(signature)):
        raise NotAuthenticError("a assinatura não confere / the signature does not fit")
    if trust.decides() and not trust.includes(name):
        raise NotAuthenticError(f"assinado por outra chave / signed by another key: {name}")
    return Opened(str(header.get("typ", "")), document, name, trust.includes(name))


def _verify(jwk: Mapping[str, Any], algorithm: str, message: bytes, signature: bytes) -> bool:
    try:
        if (jwk["kty"], jwk.get("crv"), algorithm) == ("OKP", "Ed25519", "EdDSA"):
            Ed25519PublicKey.from_public_bytes(_bytes(str(jwk["x"]))).verify(signature, message)
            return True
        if (jwk["kty"], jwk.get("crv"), algorithm) == ("EC", "P-256", "ES256") and len(signature) == 2 * P256_BYTES:
            x, y = (int.from_bytes(_bytes(str(jwk[name])), "big") for name in ("x", "y"))
            r, s = (int.from_bytes(part, "big") for part in (signature[:P256_BYTES], signature[P256_BYTES:]))
            key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
            return True
    except (InvalidSignature, ValueError, KeyError):
        return False
    return False


def _json(encoded: str) -> dict[str, Any]:
    found = parse(_bytes(encoded))
    if not isinstance(found, dict):
        raise NotAuthenticError("não é um documento / this is no document")
    return found


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotAuthenticError("a assinatura não confere / the signature does not fit") from None


def _text(document: Any) -> str:
    """Return the one way to write a value: true is not 1, and 1.0 is not 1."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _refuse(_: str) -> Any:
    raise ValueError("no number")
