"""Envelope encryption: values under data keys, data keys under the key ring.

Data keys are not cached on purpose. A key destroyed by another process must not open anything here a moment longer,
and a cache could not know. What that costs: one read by primary key and 5 microseconds to unwrap
(tests/benchmarks/test_crypto_cost.py watches the latter).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.crypto.digests import keyed_digest
from domain.errors import KeyDestroyedError, SealBrokenError

if TYPE_CHECKING:
    from adapters.crypto.key_ring import FileKeyRing
    from application.ports.vault import Binding, DataKeyStore

NONCE_BYTES = 12
"""96 bits, the size AES-GCM is made for; random, so at most 2^32 values per key (NIST SP 800-38D, section 8.3)."""

DATA_KEY_BYTES = 32
SEAL_PREFIX = "s1."
SEAL_FORMAT = "faceauth-seal/1"
WRAP_FORMAT = "faceauth-data-key/1"


class EnvelopeVault:
    """``application.ports.vault.TemplateVault`` on AES-256-GCM. Safe from several threads."""

    def __init__(self, ring: FileKeyRing, data_keys: DataKeyStore) -> None:
        """Wrap data keys with ``ring`` and keep them in ``data_keys``."""
        self._ring = ring
        self._data_keys = data_keys

    def create_key(self, owner: str) -> None:
        """Make sure that owner has a data key; raise ``KeyDestroyedError`` where it was destroyed."""
        if self._data_keys.get(owner) is not None:
            return
        kek_id, kek = self._ring.active_kek()
        wrapped = _encrypt(kek, secrets.token_bytes(DATA_KEY_BYTES), _wrap_context(owner, kek_id))
        if not self._data_keys.insert(owner, kek_id, wrapped):
            # Somebody else was faster: fine while that key lives, an error when it is destroyed already.
            self._data_keys.get(owner)

    def seal(self, binding: Binding, plaintext: bytes) -> str:
        """Return "s1." and base64url of nonce, ciphertext and tag; raise ``KeyDestroyedError`` without a key."""
        sealed = _encrypt(self._data_key(binding.owner), plaintext, _seal_context(binding))
        return SEAL_PREFIX + _to_text(sealed)

    def unseal(self, binding: Binding, sealed: str) -> bytes:
        """Open a sealed value; raise ``KeyDestroyedError`` or ``SealBrokenError`` as the port says.

        Raises ``KeyRingError`` when the data key was wrapped by a key that this ring does not hold.
        """
        key = self._data_key(binding.owner)
        if not sealed.startswith(SEAL_PREFIX):
            raise SealBrokenError("this is not a sealed value of a known format")
        return _decrypt(key, _from_text(sealed.removeprefix(SEAL_PREFIX)), _seal_context(binding))

    def destroy_key(self, owner: str) -> None:
        """Destroy that owner's data key, for every process at once. Idempotent."""
        self._data_keys.destroy(owner)

    def digest(self, kind: str, value: str) -> str:
        """Return the look-up digest of a personal value: 64 hex digits, equal for spellings of one identifier."""
        return keyed_digest(self._ring.digest_key, kind, value)

    def _data_key(self, owner: str) -> bytes:
        kept = self._data_keys.get(owner)
        if kept is None:
            raise KeyDestroyedError("there is no data key for this owner")
        kek_id, wrapped = kept
        return _decrypt(self._ring.kek(kek_id), wrapped, _wrap_context(owner, kek_id))


def _encrypt(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def _decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError):  # ValueError: fewer bytes than a nonce
        raise SealBrokenError("a sealed value was changed or does not belong here") from None


def _seal_context(binding: Binding) -> bytes:
    template = "" if binding.template_id is None else str(binding.template_id)
    return _encoded(SEAL_FORMAT, binding.owner, binding.field, template, binding.model)


def _wrap_context(owner: str, kek_id: str) -> bytes:
    return _encoded(WRAP_FORMAT, owner, kek_id)


def _encoded(*parts: str) -> bytes:
    # Length first: ("ab", "c") and ("a", "bc") must not become the same associated data.
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_text(text: str) -> bytes:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise SealBrokenError("a sealed value was changed") from None
    if _to_text(raw) != text:  # base64 has several spellings of the same bytes: only ours is what was sealed
        raise SealBrokenError("a sealed value was changed")
    return raw
