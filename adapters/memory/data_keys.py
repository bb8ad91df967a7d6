"""Wrapped data keys in memory, and the ledger of those that are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from application.ports.keys import DestroyedKey
from application.ports.vault import WrappedKey
from domain.errors import KekNotActiveError, KeyDestroyedError

if TYPE_CHECKING:
    from collections.abc import Sequence


class MemoryDataKeyStore:
    """``application.ports.vault.DataKeyStore`` in a dictionary; None marks a destroyed key."""

    def __init__(self) -> None:
        """Start empty."""
        self._keys: dict[str, WrappedKey | None] = {}
        self._ledger: dict[str, DestroyedKey] = {}
        self._active: str | None = None
        self._lock = Lock()

    def insert(self, owner: str, kek_id: str, wrapped: bytes) -> bool:
        """Keep a wrapped key. See the port."""
        with self._lock:
            if owner in self._keys:
                return False
            if kek_id != self._active:
                raise KekNotActiveError("the key that wraps data keys was replaced meanwhile")
            self._keys[owner] = WrappedKey(owner, kek_id, wrapped)
            return True

    def get(self, owner: str) -> tuple[str, bytes] | None:
        """Return (kek_id, wrapped). See the port."""
        with self._lock:
            if owner not in self._keys:
                return None
            kept = self._keys[owner]
        if kept is None:
            raise KeyDestroyedError("the data key was destroyed")
        return kept.kek_id, kept.wrapped

    def owners(self, prefix: str) -> list[str]:
        """Return the owners of living keys. See the port."""
        with self._lock:
            return sorted(owner for owner, key in self._keys.items() if key and owner.startswith(prefix))

    def destroy(self, owner: str, wrapped_under: Sequence[str]) -> None:
        """Forget that key, with a line in the ledger. See the port."""
        with self._lock:
            living = owner not in self._keys or self._keys[owner] is not None
            if living and self._active is not None and self._active not in wrapped_under:
                raise KekNotActiveError("the key that wraps data keys was replaced meanwhile")
            self._keys[owner] = None
            self._ledger.setdefault(owner, DestroyedKey(owner, datetime.now(UTC), tuple(wrapped_under), None))

    def active(self) -> str | None:
        """Return the id of the key-encryption key in charge. See the port."""
        return self._active

    def activate(self, kek_id: str) -> None:
        """Put that key-encryption key in charge. See the port."""
        with self._lock:
            self._active = kek_id

    def outdated(self, kek_id: str, limit: int, after: str = "") -> list[WrappedKey]:
        """Return living keys that another key-encryption key wraps. See the port."""
        with self._lock:
            found = [key for key in self._keys.values() if key and key.kek_id != kek_id and key.owner > after]
        return sorted(found, key=lambda key: key.owner)[:limit]

    def replace(self, rewrapped: Sequence[tuple[WrappedKey, WrappedKey]]) -> int:
        """Put new for old where the old one still stands. See the port."""
        with self._lock:
            standing = [new for old, new in rewrapped if self._keys.get(old.owner) == old]
            self._keys |= {new.owner: new for new in standing}
        return len(standing)

    def holds(self) -> dict[str, int]:
        """Count living keys by key-encryption key. See the port."""
        with self._lock:
            ids = [key.kek_id for key in self._keys.values() if key is not None]
        return {kek_id: ids.count(kek_id) for kek_id in set(ids)}

    def ledger(self) -> list[DestroyedKey]:
        """Return the erasure ledger. See the port."""
        with self._lock:
            return list(self._ledger.values())

    def settle(self, owners: Sequence[str]) -> None:
        """Append to the ledger that these are final. See the port."""
        with self._lock:
            for owner in owners:
                line = self._ledger[owner]
                self._ledger[owner] = replace(line, final_at=line.final_at or datetime.now(UTC))
