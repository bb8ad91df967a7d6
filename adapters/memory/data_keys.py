"""Wrapped data keys in memory."""

from __future__ import annotations

from threading import Lock

from domain.errors import KeyDestroyedError


class MemoryDataKeyStore:
    """``application.ports.vault.DataKeyStore`` in a dictionary; None marks a destroyed key."""

    def __init__(self) -> None:
        """Start empty."""
        self._keys: dict[str, tuple[str, bytes] | None] = {}
        self._lock = Lock()

    def insert(self, owner: str, kek_id: str, wrapped: bytes) -> bool:
        """Keep a wrapped key. See the port."""
        with self._lock:
            if owner in self._keys:
                return False
            self._keys[owner] = (kek_id, wrapped)
            return True

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped). See the port."""
        with self._lock:
            if owner not in self._keys:
                return None
            kept = self._keys[owner]
        if kept is None:
            raise KeyDestroyedError("the data key was destroyed")
        return kept

    def destroy(self, owner: str) -> None:
        """Forget that key and remember that it is destroyed. See the port."""
        with self._lock:
            self._keys[owner] = None
