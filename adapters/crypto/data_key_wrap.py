"""How a data key is wrapped: bound to its owner and to the key that wraps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.crypto.aead import encoded
from adapters.crypto.ring_document import active
from application.ports.vault import WrappedKey

if TYPE_CHECKING:
    from adapters.crypto.kek_provider import KekProvider
    from adapters.crypto.key_ring import KeyRing
    from adapters.crypto.ring_document import RingDocument
    from application.ports.vault import DataKeyStore

WRAP_FORMAT: Final = "faceauth-data-key/1"


def wrapped(ring: KeyRing, owner: str, data_key: bytes) -> WrappedKey:
    """Return a data key (32 bytes) wrapped by the active key-encryption key."""
    kek_id = ring.active_kek()
    return WrappedKey(owner, kek_id, ring.wrap(kek_id, data_key, context(owner, kek_id)))


def unwrapped(ring: KeyRing, key: WrappedKey) -> bytes:
    """Return the data key. Raises ``SealBrokenError``, ``KeyRingError`` without the key-encryption key."""
    return ring.unwrap(key.kek_id, key.wrapped, context(key.owner, key.kek_id))


def rewrapped(ring: KeyRing, key: WrappedKey) -> WrappedKey:
    """Return the same data key under the active key-encryption key. Raises as ``unwrapped``."""
    return wrapped(ring, key.owner, unwrapped(ring, key))


def put_in_step(ring: KeyRing, data_keys: DataKeyStore) -> None:
    """Let the store know which key wraps: the ring knows it first, and a crash may have come in between."""

    def tell(document: RingDocument, _: KekProvider) -> RingDocument:
        data_keys.activate(active(document.keks).key_id)
        return document

    ring.refresh()
    if data_keys.active() != ring.active_kek():
        # Under the ring's lock, and by its newest generation: whoever is behind must not put a former key in charge.
        ring.change(tell)


def context(owner: str, kek_id: str) -> bytes:
    """Return the associated data of a wrapped data key."""
    return encoded(WRAP_FORMAT, owner, kek_id)
