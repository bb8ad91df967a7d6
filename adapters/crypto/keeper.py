"""Changes of the key ring and of what hangs on it, in an order that a crash anywhere leaves repairable."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from adapters.crypto.data_key_wrap import put_in_step, rewrapped
from adapters.crypto.key_ring import in_state, with_kek, with_transform
from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING, DestroyedKey, KeyFacts, RingStatus
from domain.errors import (
    KeyActiveError,
    KeyDestroyedError,
    KeyInUseError,
    NotFoundError,
    SealBrokenError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adapters.crypto.kek_provider import KekProvider
    from adapters.crypto.key_ring import KeyRing
    from adapters.crypto.ring_document import Entry, RingDocument
    from application.ports.vault import DataKeyStore, WrappedKey


class RingKeeper:
    """``application.ports.keys.KeyKeeper`` over a ring and a store of wrapped data keys."""

    def __init__(
        self, ring: KeyRing, data_keys: DataKeyStore, on_change: Callable[[int], None] = lambda _: None
    ) -> None:
        """Keep those; what a crash left half done between the two is put right first.

        ``on_change`` hears the generation of a ring that was changed: whoever remembers it knows an older copy.
        """
        self._ring = ring
        self._on_change = on_change
        self._data_keys = data_keys
        self._lock = Lock()
        self._broken: set[str] = set()
        self._untold = 0
        self._in_step()

    def status(self) -> RingStatus:
        """Return the ring. See the port."""
        self._in_step()
        document = self._ring.document
        return RingStatus(
            document.provider,
            document.generation,
            [_facts(entry, self._data_keys.holds()) for entry in document.keks],
            [_facts(entry, {}) for entry in document.transforms],
        )

    def add_kek(self) -> str:
        """Make a new active key. See the port."""
        self._change(with_kek)
        self._in_step()
        return self._ring.active_kek()

    def rewrap(self, limit: int = 500) -> int:
        """Wrap anew. See the port."""
        self._in_step()
        found = self._outdated(limit)
        done: list[tuple[WrappedKey, WrappedKey]] = []
        for old in found:
            try:
                done.append((old, rewrapped(self._ring, old)))
            except SealBrokenError:
                self._broken.add(old.owner)
        self._data_keys.replace(done)
        self._untold += len(found) - len(done)
        if not done and self._untold:
            self._untold -= 1
            raise SealBrokenError("a wrapped data key was changed or does not belong where it is")
        return len(done)

    def broken(self) -> list[str]:
        """Return what does not open. See the port."""
        return sorted(owner for owner in self._broken if self._living(owner))

    def destroy_kek(self, kek_id: str) -> None:
        """Destroy a key. See the port."""
        self._in_step()

        def step(document: RingDocument, provider: KekProvider) -> RingDocument:
            entry = _known(document.keks, kek_id)
            if entry.state == DESTROYED:
                return document
            # The active one is another by now, and only that one wraps: nothing can come to hang on this one any more.
            if self._data_keys.holds().get(kek_id):
                raise KeyInUseError("living data keys are wrapped by this key: run 'faceauth keys rotate' first")
            provider.destroy(kek_id)
            return document.changed(keks=in_state(document.keks, kek_id, DESTROYED))

        self._change(step)

    def add_transform(self) -> str:
        """Make a new active transform. See the port."""
        self._change(with_transform)
        return self._ring.active_transform()

    def retire_transform(self, transform: str) -> None:
        """Mark it as unused. See the port."""

        def step(document: RingDocument, _: KekProvider) -> RingDocument:
            if _known(document.transforms, transform).state != RETIRING:
                return document
            return document.changed(transforms=in_state(document.transforms, transform, RETIRED))

        self._change(step)

    def destroy_transform(self, transform: str) -> None:
        """Destroy it. See the port."""

        def step(document: RingDocument, _: KekProvider) -> RingDocument:
            state = _known(document.transforms, transform).state
            if state == DESTROYED:
                return document
            if state == RETIRING:
                raise KeyInUseError("templates still go through this transform: rotate them first")
            return document.without_transform(transform, in_state(document.transforms, transform, DESTROYED))

        self._change(step)

    def destroyed_data_keys(self) -> list[DestroyedKey]:
        """Return the erasure ledger. See the port."""
        return self._data_keys.ledger()

    def settle(self) -> list[str]:
        """Mark as final what is. See the port."""
        self._in_step()
        living = {*self._ring.living_keks()}
        final = [
            line.owner
            for line in self._data_keys.ledger()
            if line.final_at is None and not living.intersection(line.wrapped_under)
        ]
        if final:
            self._data_keys.settle(final)
        return final

    def _change(self, step: Callable[[RingDocument, KekProvider], RingDocument]) -> None:
        self._on_change(self._ring.change(step).generation)

    def _living(self, owner: str) -> bool:
        with suppress(KeyDestroyedError):
            return self._data_keys.get(owner) is not None
        return False

    def _outdated(self, limit: int) -> list[WrappedKey]:
        """Return what is wrapped by a former key, past what cannot be opened anyway."""
        active, after = self._ring.active_kek(), ""
        while found := self._data_keys.outdated(active, limit, after):
            whole = [key for key in found if key.owner not in self._broken]
            if whole:
                return whole
            after = found[-1].owner
        return []

    def _in_step(self) -> None:
        with self._lock:
            put_in_step(self._ring, self._data_keys)


def _known(entries: Sequence[Entry], key_id: str) -> Entry:
    """Return an entry that is not in charge. Raises ``NotFoundError``, ``KeyActiveError``."""
    for entry in entries:
        if entry.key_id == key_id:
            if entry.state == ACTIVE:
                raise KeyActiveError("this key is in use for new values: rotate first")
            return entry
    raise NotFoundError("the ring knows no such key")


def _facts(entry: Entry, holds: Mapping[str, int]) -> KeyFacts:
    gone = entry.changed_at if entry.state == DESTROYED else None
    return KeyFacts(entry.key_id, entry.state, entry.created_at, gone, holds.get(entry.key_id, 0))
