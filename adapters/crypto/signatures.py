"""Signatures of devices, by cryptography (OpenSSL)."""

from __future__ import annotations

import json
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from domain.device_proof import decoded

RAW_BYTES: Final = 64
MOST_BYTES: Final = 72
"""The longest DER form of two numbers of 256 bits. (One of 64 bytes, by chance 1 in 2^48, is read as r || s.)"""


class EcdsaSignatures:
    """``application.ports.signatures.Signatures``."""

    def verify(self, public_jwk: str, message: bytes, signature: bytes) -> bool:
        """Say whether that key signed that message. See the port."""
        if len(signature) > MOST_BYTES:
            return False
        jwk = json.loads(public_jwk)
        x, y = (int.from_bytes(decoded(jwk[name]), "big") for name in ("x", "y"))
        try:
            key = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
            key.verify(_der(signature), message, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def _der(signature: bytes) -> bytes:
    """Return the form that OpenSSL takes (RFC 3279, section 2.2.3)."""
    if len(signature) != RAW_BYTES:
        return signature
    half = RAW_BYTES // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
