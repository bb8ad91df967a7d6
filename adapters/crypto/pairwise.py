"""Pairwise subjects: what an audience learns of a person's identity, and how only we get back from it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SUBJECT_CHARACTERS = 32
"""192 bits of the digest: no collisions, short enough for any system's user column."""

NONCE_BYTES = 12


class PairwiseSubjects:
    """Subject identifiers that two audiences cannot compare (OpenID Connect Core 1.0, section 8.1)."""

    def __init__(self, key: bytes, audience: str) -> None:
        """Take the ring's pairwise key (32 bytes) and the one audience these subjects are for."""
        self._key = key
        self._audience = audience
        # A key of its own: one key must not serve HMAC and AES.
        self._reference_key = hmac.new(key, b"faceauth.subject-reference", hashlib.sha256).digest()

    def subject(self, subject_id: UUID) -> str:
        """Return the stable pseudonym of a person for this audience: 32 characters, base64url."""
        digest = hmac.new(self._key, f"{subject_id}|{self._audience}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest)[:SUBJECT_CHARACTERS].decode()

    def reference(self, subject_id: UUID) -> str:
        """Return the subject id encrypted for ourselves; two references to one person have nothing in common."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(self._reference_key).encrypt(nonce, subject_id.bytes, self._audience.encode())
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def resolve(self, reference: str) -> UUID:
        """Return the subject id of a reference; raise ``ValueError`` when it is none of ours."""
        try:
            raw = base64.urlsafe_b64decode(reference + "=" * (-len(reference) % 4))
            opened = AESGCM(self._reference_key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._audience.encode())
        except (InvalidTag, binascii.Error):
            raise ValueError("not a subject reference of this audience") from None
        return UUID(bytes=opened)


class PairwiseAudiences:
    """``application.ports.pairwise.Pairwise``: the pseudonyms of every audience, from the one key of the ring."""

    def __init__(self, key: bytes) -> None:
        """Take the ring's pairwise key (32 bytes)."""
        self._key = key

    def subject(self, subject_id: UUID, audience: str) -> str:
        """Return the pseudonym that the audience's access tokens have. See ``PairwiseSubjects.subject``."""
        return PairwiseSubjects(self._key, audience).subject(subject_id)
