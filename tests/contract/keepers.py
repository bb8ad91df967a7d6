"""Key keepers under contract, and the vaults beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from adapters.crypto.keeper import RingKeeper
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.data_keys import MemoryDataKeyStore
from adapters.postgres.data_keys import PostgresDataKeyStore
from application.ports.keys import ACTIVE
from application.ports.vault import Binding, WrappedKey, subject_owner

if TYPE_CHECKING:
    from pathlib import Path

    from application.ports.keys import KeyKeeper
    from application.ports.vault import DataKeyStore, TemplateVault

OWNERS = [subject_owner(UUID(int=number)) for number in range(1, 6)]
POSTGRES = pytest.param("postgres", marks=pytest.mark.database)


@dataclass
class Place:
    """A keeper and the vault beside it, with values sealed for five owners."""

    keys: KeyKeeper
    vault: TemplateVault
    sealed: dict[str, str] = field(default_factory=dict)

    def fill(self) -> None:
        for owner in OWNERS:
            self.vault.create_key(owner)
            self.sealed[owner] = self.vault.seal(Binding(owner, "name"), owner.encode())

    def opened(self) -> dict[str, bytes]:
        return {owner: self.vault.unseal(Binding(owner, "name"), text) for owner, text in self.sealed.items()}

    def keks(self) -> dict[str, tuple[str, int]]:
        return {key.key_id: (key.state, key.holds) for key in self.keys.status().keks}

    def transforms(self) -> dict[str, str]:
        return {key.key_id: key.state for key in self.keys.status().transforms}

    def active(self) -> str:
        return next(key_id for key_id, (state, _) in self.keks().items() if state == ACTIVE)

    def rewrap_all(self) -> None:
        while self.keys.rewrap():
            pass


@dataclass
class RingPlace(Place):
    """The same over a ring in a file."""

    ring: KeyRing = field(kw_only=True)
    store: DataKeyStore = field(kw_only=True)

    def elsewhere(self) -> RingPlace:
        """The same keys as another process would find them now."""
        ring = KeyRing.open(self.ring.path)
        return RingPlace(RingKeeper(ring, self.store), EnvelopeVault(ring, self.store), ring=ring, store=self.store)

    def paste(self, owner: str, row: WrappedKey) -> None:
        """Write that row in place of the owner's, as somebody with a connection could."""
        kept = self.store.get(owner)
        assert kept is not None
        old = WrappedKey(owner, *kept)
        assert self.store.replace([(old, WrappedKey(owner, row.kek_id, row.wrapped))]) == 1


def ring_place(folder: Path, store: DataKeyStore) -> RingPlace:
    ring = KeyRing.open(folder / "keys" / "ring.json")
    return RingPlace(RingKeeper(ring, store), EnvelopeVault(ring, store), ring=ring, store=store)


def data_keys(request: pytest.FixtureRequest, kind: str) -> DataKeyStore:
    return PostgresDataKeyStore(request.getfixturevalue("database")) if kind == "postgres" else MemoryDataKeyStore()
