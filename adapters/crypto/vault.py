"""Envelope encryption: values under data keys, data keys under the key ring.

Data keys are not cached on purpose. A key destroyed by another process must not open anything here a moment longer,
and a cache could not know. What that costs: one read by primary key and 5 microseconds to unwrap
(tests/benchmarks/test_crypto_cost.py watches the latter).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Final

from adapters.crypto.aead import encoded, open_sealed, seal
from adapters.crypto.data_key_wrap import put_in_step, unwrapped, wrapped
from adapters.crypto.digests import keyed_digest
from application.ports.vault import WrappedKey
from domain.errors import KekNotActiveError, KeyDestroyedError, SealBrokenError

if TYPE_CHECKING:
    from adapters.crypto.key_ring import KeyRing
    from application.ports.vault import Binding, DataKeyStore

DATA_KEY_BYTES: Final = 32
SEAL_PREFIX: Final = "s1."
SEAL_FORMAT: Final = "faceauth-seal/1"
TRIES: Final = 3
"""A new data key is wrapped anew when another process replaced the key-encryption key meanwhile."""


class EnvelopeVault:
    """``application.ports.vault.TemplateVault`` on AES-256-GCM. Safe from several threads."""

    def __init__(self, ring: KeyRing, data_keys: DataKeyStore) -> None:
        """Wrap data keys with ``ring`` and keep them in ``data_keys``."""
        self._ring = ring
        self._data_keys = data_keys

    def create_key(self, owner: str) -> None:
        """Make sure that owner has a data key; raise ``KeyDestroyedError`` where it was destroyed."""
        if self._data_keys.get(owner) is not None:
            return
        for _ in range(TRIES - 1):
            try:
                self._insert(owner)
            except KekNotActiveError:
                put_in_step(self._ring, self._data_keys)
            else:
                return
        self._insert(owner)

    def seal(self, binding: Binding, plaintext: bytes) -> str:
        """Return "s1." and base64url of nonce, ciphertext and tag; raise ``KeyDestroyedError`` without a key."""
        return SEAL_PREFIX + _to_text(seal(self._data_key(binding.owner), plaintext, _seal_context(binding)))

    def unseal(self, binding: Binding, sealed: str) -> bytes:
        """Open a sealed value; raise ``KeyDestroyedError`` or ``SealBrokenError`` as the port says.

        Raises ``KeyRingError`` when the data key was wrapped by a key that this ring does not hold.
        """
        key = self._data_key(binding.owner)
        if not sealed.startswith(SEAL_PREFIX):
            raise SealBrokenError("this is not a sealed value of a known format")
        return open_sealed(key, _from_text(sealed.removeprefix(SEAL_PREFIX)), _seal_context(binding))

    def has_key(self, owner: str) -> bool:
        """Say whether that owner has a living data key."""
        try:
            return self._data_keys.get(owner) is not None
        except KeyDestroyedError:
            return False

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living data keys. See the port."""
        return self._data_keys.owners(prefix)

    def destroy_key(self, owner: str) -> None:
        """Destroy that owner's data key, for every process at once. Idempotent."""
        for _ in range(TRIES - 1):
            self._ring.refresh()
            try:
                self._data_keys.destroy(owner, self._ring.living_keks())
            except KekNotActiveError:
                continue
            return
        self._ring.refresh()
        self._data_keys.destroy(owner, self._ring.living_keks())

    def digest(self, kind: str, value: str) -> str:
        """Return the look-up digest of a personal value: 64 hex digits, equal for spellings of one identifier."""
        return keyed_digest(self._ring.digest_key, kind, value)

    def _insert(self, owner: str) -> None:
        new = wrapped(self._ring, owner, secrets.token_bytes(DATA_KEY_BYTES))
        if not self._data_keys.insert(owner, new.kek_id, new.wrapped):
            # Somebody else was faster: fine while that key lives, an error when it is destroyed already.
            self._data_keys.get(owner)

    def _data_key(self, owner: str) -> bytes:
        kept = self._data_keys.get(owner)
        if kept is None:
            raise KeyDestroyedError("there is no data key for this owner")
        return unwrapped(self._ring, WrappedKey(owner, *kept))


def _seal_context(binding: Binding) -> bytes:
    template = "" if binding.template_id is None else str(binding.template_id)
    # Values from before there were transforms have one part less.
    transform = (binding.transform,) if binding.transform else ()
    return encoded(SEAL_FORMAT, binding.owner, binding.field, template, binding.model, *transform)


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
