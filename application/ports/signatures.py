"""Signatures of devices."""

from __future__ import annotations

from typing import Protocol


class Signatures(Protocol):
    """Verifies ECDSA on P-256 with SHA-256 (FIPS 186-5)."""

    def verify(self, public_jwk: str, message: bytes, signature: bytes) -> bool:
        """Say whether that key signed that message.

        ``public_jwk`` is a canonical JWK; ``signature`` is r || s, 64 bytes, as WebCrypto gives it, or DER as the
        Secure Enclave does. False, never an error, for a signature that is none and a key that is not on the curve.
        """
        ...
