"""A vault without ciphers: it keeps every rule of the port by remembering what was sealed where."""

from __future__ import annotations

import secrets
from threading import Lock
from typing import TYPE_CHECKING

from adapters.crypto.digests import keyed_digest
from domain.errors import KeyDestroyedError, SealBrokenError

if TYPE_CHECKING:
    from adapters.memory.keys import MemoryKeys
    from application.ports.vault import Binding

HANDLE_BYTES = 24
DIGEST_KEY_BYTES = 32


class MemoryVault:
    """``application.ports.vault.TemplateVault`` in a dict. Sealed text is a random handle that says nothing."""

    def __init__(self, keys: MemoryKeys) -> None:
        """Start without data keys; ``keys`` hears of every one that is made or destroyed."""
        self._keys = keys
        self._lock = Lock()
        self._alive: set[str] = set()
        self._destroyed: set[str] = set()
        self._sealed: dict[str, tuple[Binding, bytes]] = {}
        self._digest_key = secrets.token_bytes(DIGEST_KEY_BYTES)

    def create_key(self, owner: str) -> None:
        """Let that owner seal; raise ``KeyDestroyedError`` after ``destroy_key``."""
        with self._lock:
            if owner in self._destroyed:
                raise KeyDestroyedError("the data key of this owner is destroyed")
            if owner not in self._alive:
                self._keys.wrap(owner)
            self._alive.add(owner)

    def seal(self, binding: Binding, plaintext: bytes) -> str:
        """Return a handle; raise ``KeyDestroyedError`` where the owner has no key."""
        handle = f"m1.{secrets.token_urlsafe(HANDLE_BYTES)}"
        with self._lock:
            self._check_alive(binding.owner)
            self._sealed[handle] = (binding, bytes(plaintext))
        return handle

    def unseal(self, binding: Binding, sealed: str) -> bytes:
        """Return what was sealed there; raise ``KeyDestroyedError`` or ``SealBrokenError`` as the port says."""
        with self._lock:
            self._check_alive(binding.owner)
            kept = self._sealed.get(sealed)
        if kept is None or kept[0] != binding:
            raise SealBrokenError("a sealed value was changed or does not belong here")
        return kept[1]

    def has_key(self, owner: str) -> bool:
        """Say whether that owner has a living data key."""
        return owner in self._alive

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living data keys. See the port."""
        with self._lock:
            return sorted(owner for owner in self._alive if owner.startswith(prefix))

    def destroy_key(self, owner: str) -> None:
        """Forget everything that owner sealed, and refuse that owner a key from now on. Idempotent."""
        with self._lock:
            self._alive.discard(owner)
            self._destroyed.add(owner)
            self._keys.unwrap(owner)
            self._sealed = {handle: kept for handle, kept in self._sealed.items() if kept[0].owner != owner}

    def digest(self, kind: str, value: str) -> str:
        """Return a look-up digest (64 hex digits), equal for spellings of one identifier."""
        return keyed_digest(self._digest_key, kind, value)

    def _check_alive(self, owner: str) -> None:
        if owner not in self._alive:
            raise KeyDestroyedError("there is no data key for this owner")
