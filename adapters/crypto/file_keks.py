"""Key-encryption keys beside everything else in the ring file."""

from __future__ import annotations

import base64
import binascii
import secrets
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from adapters.crypto.aead import open_sealed, seal
from adapters.crypto.kek_provider import FILE
from domain.errors import KeyRingError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_BYTES: Final = 32
"""AES-256."""
FIELD: Final = "key"


class FileKeks:
    """``KekProvider`` over keys that the ring file remembers. Keys lie in buffers that are zeroed when they go."""

    name: ClassVar[str] = FILE

    def __init__(self, remembered: Mapping[str, Mapping[str, str]]) -> None:
        """Take what ``create`` returned, by key id. Raises ``ValueError`` for what is not a key."""
        self._lock = Lock()
        self._keys = {kek_id: _key(entry[FIELD]) for kek_id, entry in remembered.items()}

    def next_id(self) -> str | None:
        """Return None: any id will do."""
        return None

    def create(self, kek_id: str) -> Mapping[str, str]:
        """Make a key. See the port."""
        key = bytearray(secrets.token_bytes(KEY_BYTES))
        with self._lock:
            self._keys[kek_id] = key
        return {FIELD: base64.b64encode(key).decode()}

    def holds(self, kek_id: str) -> bool:
        """Say whether that key is there."""
        return kek_id in self._keys

    def wrap(self, kek_id: str, plaintext: bytes, context: bytes) -> bytes:
        """Wrap. See the port."""
        return seal(self._held(kek_id), plaintext, context)

    def unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap. See the port."""
        return open_sealed(self._held(kek_id), wrapped, context)

    def destroy(self, kek_id: str) -> None:
        """Zero that key; the ring leaves it out of the file."""
        with self._lock:
            key = self._keys.pop(kek_id, None)
        if key is not None:
            key[:] = bytes(len(key))

    def close(self) -> None:
        """Zero every key: another provider takes over."""
        for kek_id in list(self._keys):
            self.destroy(kek_id)

    def _held(self, kek_id: str) -> bytes:
        with self._lock:
            key = self._keys.get(kek_id)
            if key is None:
                raise KeyRingError("the ring does not hold the key that wrapped this data: restore the ring's backup")
            return bytes(key)


def _key(text: object) -> bytearray:
    try:
        key = bytearray(base64.b64decode(text if isinstance(text, str) else "", validate=True))
    except binascii.Error:
        key = bytearray()
    if len(key) != KEY_BYTES:
        raise ValueError("not a key")
    return key
