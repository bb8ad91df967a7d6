"""The key that signs proofs, in one file of the state directory."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from adapters.crypto.key_files import create_once, damaged, folder_lock, read_document, system_refusals
from adapters.crypto.signing_file import base64url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT: Final = "faceauth-notary-key/1"
FILE: Final = "notary.json"


class FileNotary:
    """``application.ports.notary.Notary`` over a key file (0600). Safe from any thread."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Sign with that key; ``open`` reads it from its file."""
        self._key = key
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        required = {"crv": "Ed25519", "kty": "OKP", "x": base64url(raw)}
        canonical = json.dumps(required, sort_keys=True, separators=(",", ":")).encode()
        self._key_id = base64url(hashlib.sha256(canonical).digest())
        self._jwk = {**required, "kid": self._key_id, "use": "sig", "alg": "EdDSA"}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the key, made once where there is none. Raises ``KeyRingError`` and its kinds."""
        with system_refusals(path), folder_lock(path.parent):
            create_once(path, _fresh)
        document = read_document(path, FORMAT)
        try:
            key = load_pem_private_key(document["private_pem"].encode(), password=None)
        except (KeyError, TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
            raise damaged(path) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise damaged(path)
        return cls(key)

    @property
    def key_id(self) -> str:
        """The thumbprint of the public key. See the port."""
        return self._key_id

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The public key. See the port."""
        return dict(self._jwk)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of the message. See the port."""
        return self._key.sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether that is our signature. See the port."""
        try:
            self._key.public_key().verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def _fresh() -> bytes:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps({"format": FORMAT, "private_pem": pem.decode()}).encode()
