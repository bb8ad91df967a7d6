"""Key keeper without keys: the same states and the same refusals, kept beside the memory vault."""

from __future__ import annotations

import itertools
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING, DestroyedKey, KeyFacts, RingStatus
from domain.errors import KeyActiveError, KeyInUseError, NotFoundError

if TYPE_CHECKING:
    from application.ports.clock import Clock

FIRST_KEK = "kek-1"
FIRST_TRANSFORM = "transform-1"


class MemoryKeys:
    """``application.ports.keys.KeyKeeper``, and where ``MemoryVault`` notes which key wraps whose data key."""

    def __init__(self, clock: Clock) -> None:
        """Start with one key-encryption key and one transform, both active."""
        self._clock = clock
        self._lock = RLock()
        self._numbers = itertools.count(2)
        self._generation = 1
        self._keks = {FIRST_KEK: KeyFacts(FIRST_KEK, ACTIVE, clock.now(), None, 0)}
        self._transforms = {FIRST_TRANSFORM: KeyFacts(FIRST_TRANSFORM, ACTIVE, clock.now(), None, 0)}
        self._wraps: dict[str, str] = {}
        self._ledger: dict[str, DestroyedKey] = {}

    def wrap(self, owner: str) -> None:
        """Note that the active key wraps that owner's data key from now on."""
        with self._lock:
            self._wraps[owner] = _active(self._keks)

    def unwrap(self, owner: str) -> None:
        """Write that owner into the ledger: the data key is destroyed. Idempotent."""
        with self._lock:
            self._wraps.pop(owner, None)
            alive = tuple(key.key_id for key in self._keks.values() if key.state != DESTROYED)
            self._ledger.setdefault(owner, DestroyedKey(owner, self._clock.now(), alive, None))

    def holds_transform(self, transform: str) -> bool:
        """Say whether that transform exists and is not destroyed."""
        kept = self._transforms.get(transform)
        return kept is not None and kept.state != DESTROYED

    def active_transform(self) -> str:
        """Return the id of the active transform."""
        return _active(self._transforms)

    def status(self) -> RingStatus:
        """Return the ring. See the port."""
        with self._lock:
            wraps = list(self._wraps.values())
            keks = [replace(key, holds=wraps.count(key.key_id)) for key in self._keks.values()]
            return RingStatus("memory", self._generation, keks, list(self._transforms.values()))

    def add_kek(self) -> str:
        """Make a new active key. See the port."""
        return self._add("kek", self._keks)

    def rewrap(self, limit: int = 500) -> int:
        """Wrap anew. See the port."""
        with self._lock:
            active = _active(self._keks)
            found = [owner for owner, kek_id in self._wraps.items() if kek_id != active][:limit]
            self._wraps |= dict.fromkeys(found, active)
            return len(found)

    def broken(self) -> list[str]:
        """Return nothing: what this twin keeps always opens."""
        return []

    def destroy_kek(self, kek_id: str) -> None:
        """Destroy a key. See the port."""
        with self._lock:
            _known(kek_id, self._keks)
            if kek_id in self._wraps.values():
                raise KeyInUseError("living data keys are wrapped by this key: run 'faceauth keys rotate' first")
            self._destroy(kek_id, self._keks)

    def add_transform(self) -> str:
        """Make a new active transform. See the port."""
        return self._add("transform", self._transforms)

    def retire_transform(self, transform: str) -> None:
        """Mark it as unused. See the port."""
        with self._lock:
            kept = _known(transform, self._transforms)
            if kept.state == RETIRING:
                self._transforms[transform] = replace(kept, state=RETIRED)
                self._generation += 1

    def destroy_transform(self, transform: str) -> None:
        """Destroy it. See the port."""
        with self._lock:
            if _known(transform, self._transforms).state == RETIRING:
                raise KeyInUseError("templates still go through this transform")
            self._destroy(transform, self._transforms)

    def destroyed_data_keys(self) -> list[DestroyedKey]:
        """Return the ledger. See the port."""
        with self._lock:
            return list(self._ledger.values())

    def settle(self) -> list[str]:
        """Mark as final what is. See the port."""
        with self._lock:
            alive = {key.key_id for key in self._keks.values() if key.state != DESTROYED}
            final = [
                line for line in self._ledger.values() if line.final_at is None and not alive & {*line.wrapped_under}
            ]
            self._ledger |= {line.owner: replace(line, final_at=self._clock.now()) for line in final}
            return [line.owner for line in final]

    def _add(self, kind: str, keys: dict[str, KeyFacts]) -> str:
        with self._lock:
            former, key_id = _active(keys), f"{kind}-{next(self._numbers)}"
            keys[former] = replace(keys[former], state=RETIRING)
            keys[key_id] = KeyFacts(key_id, ACTIVE, self._clock.now(), None, 0)
            self._generation += 1
            return key_id

    def _destroy(self, key_id: str, keys: dict[str, KeyFacts]) -> None:
        kept = _known(key_id, keys)
        if kept.state != DESTROYED:
            keys[key_id] = replace(kept, state=DESTROYED, destroyed_at=self._clock.now())
            self._generation += 1


def _active(keys: dict[str, KeyFacts]) -> str:
    return next(key.key_id for key in keys.values() if key.state == ACTIVE)


def _known(key_id: str, keys: dict[str, KeyFacts]) -> KeyFacts:
    """Return a key that is not in charge. Raises ``NotFoundError``, ``KeyActiveError``."""
    if key_id not in keys:
        raise NotFoundError("the ring knows no such key")
    if keys[key_id].state == ACTIVE:
        raise KeyActiveError("this key is in use for new values: rotate first")
    return keys[key_id]
