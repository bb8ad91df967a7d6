"""Who signs what leaves the house as proof: receipts, statements, checkpoints, manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Verifier(Protocol):
    """A public Ed25519 key (RFC 8032): whose signature something is."""

    @property
    def key_id(self) -> str:
        """RFC 7638 thumbprint of the public key, base64url: what a verifier compares over another channel."""
        ...

    @property
    def public_jwk(self) -> Mapping[str, str]:
        """The public key as a JSON Web Key (RFC 8037): kty OKP, crv Ed25519, x, kid."""
        ...

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether that is this key's signature of that message. False, never an error, for anything else."""
        ...


class Notary(Verifier, Protocol):
    """One long-lived Ed25519 key, apart from the keys of tokens: a proof outlives every token."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature of the message, 64 bytes; the same message gives the same signature."""
        ...
