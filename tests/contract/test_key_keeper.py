"""What every keeper of the keys promises: generations, refusals, and a crash anywhere put right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from adapters.crypto.keeper import RingKeeper
from adapters.crypto.key_ring import KeyRing
from adapters.crypto.vault import EnvelopeVault
from adapters.memory.clock import FixedClock
from adapters.memory.data_keys import MemoryDataKeyStore
from adapters.memory.keys import MemoryKeys
from adapters.memory.vault import MemoryVault
from adapters.postgres.data_keys import PostgresDataKeyStore
from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING
from application.ports.vault import Binding, WrappedKey, subject_owner
from domain.errors import KeyActiveError, KeyDestroyedError, KeyInUseError, NotFoundError, SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from application.ports.keys import KeyKeeper
    from application.ports.vault import DataKeyStore, TemplateVault

OWNERS = [subject_owner(UUID(int=number)) for number in range(1, 6)]
POSTGRES = pytest.param("postgres", marks=pytest.mark.database)


class Killed(BaseException):
    """What the operating system does to a process."""


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


@pytest.fixture(params=["twin", "memory", POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    made: Place
    if request.param == "twin":
        keys = MemoryKeys(FixedClock())
        made = Place(keys, MemoryVault(keys))
    else:
        made = ring_place(tmp_path, data_keys(request, request.param))
    made.fill()
    return made


@pytest.fixture(params=["memory", POSTGRES])
def rings(request: pytest.FixtureRequest, tmp_path: Path) -> RingPlace:
    made = ring_place(tmp_path, data_keys(request, request.param))
    made.fill()
    return made


def test_a_new_ring_has_one_key_and_one_transform_in_charge(place: Place) -> None:
    assert list(place.keks().values()) == [(ACTIVE, len(OWNERS))]
    assert list(place.transforms().values()) == [ACTIVE]


def test_a_new_key_takes_over_and_the_former_one_keeps_what_it_wraps(place: Place) -> None:
    former, generation = place.active(), place.keys.status().generation

    new = place.keys.add_kek()
    place.vault.create_key("epoch:2030-01")

    assert place.keks() == {former: (RETIRING, len(OWNERS)), new: (ACTIVE, 1)}
    assert place.keys.status().generation > generation
    assert len(place.opened()) == len(OWNERS)


def test_rewrapping_takes_a_page_at_a_time_and_ends_with_none(place: Place) -> None:
    former, new = place.active(), place.keys.add_kek()

    assert [place.keys.rewrap(2) for _ in range(4)] == [2, 2, 1, 0]
    assert place.keks() == {former: (RETIRING, 0), new: (ACTIVE, len(OWNERS))}
    assert place.opened() == {owner: owner.encode() for owner in OWNERS}


def test_rewrapping_with_nothing_to_do_does_nothing(place: Place) -> None:
    before = place.keks()

    assert place.keys.rewrap() == 0
    assert place.keks() == before


def test_the_key_in_charge_is_not_destroyed(place: Place) -> None:
    with pytest.raises(KeyActiveError):
        place.keys.destroy_kek(place.active())
    assert len(place.opened()) == len(OWNERS)


def test_a_key_that_wraps_something_alive_is_not_destroyed(place: Place) -> None:
    former = place.active()
    place.keys.add_kek()

    with pytest.raises(KeyInUseError):
        place.keys.destroy_kek(former)
    place.keys.rewrap(len(OWNERS) - 1)
    with pytest.raises(KeyInUseError):
        place.keys.destroy_kek(former)
    assert place.keks()[former] == (RETIRING, 1)


def test_what_wraps_only_destroyed_keys_may_go(place: Place) -> None:
    former = place.active()
    place.keys.add_kek()
    for owner in OWNERS:
        place.vault.destroy_key(owner)

    place.keys.destroy_kek(former)

    assert place.keks()[former] == (DESTROYED, 0)


def test_a_key_that_is_not_there_is_not_found(place: Place) -> None:
    for refuse in (place.keys.destroy_kek, place.keys.destroy_transform, place.keys.retire_transform):
        with pytest.raises(NotFoundError):
            refuse("kek-0000000000000000")


def test_a_key_is_destroyed_once_and_stays_in_the_list_with_the_time(place: Place) -> None:
    former = place.active()
    place.keys.add_kek()
    place.rewrap_all()

    place.keys.destroy_kek(former)
    generation = place.keys.status().generation
    place.keys.destroy_kek(former)

    facts = next(key for key in place.keys.status().keks if key.key_id == former)
    assert (facts.state, facts.holds, facts.destroyed_at is not None) == (DESTROYED, 0, True)
    assert place.keys.status().generation == generation
    assert place.opened() == {owner: owner.encode() for owner in OWNERS}


def test_a_destroyed_data_key_is_final_once_every_key_that_may_have_wrapped_it_is_gone(place: Place) -> None:
    first = place.active()
    second = place.keys.add_kek()
    place.vault.destroy_key(OWNERS[0])
    assert place.keys.settle() == []
    (line,) = place.keys.destroyed_data_keys()
    assert (line.owner, set(line.wrapped_under), line.final_at) == (OWNERS[0], {first, second}, None)

    place.rewrap_all()
    place.keys.destroy_kek(first)
    assert place.keys.settle() == []
    place.keys.add_kek()
    place.rewrap_all()
    place.keys.destroy_kek(second)

    assert place.keys.settle() == [OWNERS[0]]
    assert place.keys.settle() == []
    assert [line.final_at is not None for line in place.keys.destroyed_data_keys()] == [True]
    with pytest.raises(KeyDestroyedError):
        place.vault.create_key(OWNERS[0])


def test_a_data_key_destroyed_during_a_rotation_stays_destroyed(place: Place) -> None:
    place.keys.add_kek()
    place.keys.rewrap(2)
    for owner in OWNERS:
        place.vault.destroy_key(owner)

    assert place.keys.rewrap() == 0
    assert not any(place.vault.has_key(owner) for owner in OWNERS)


def test_a_transform_goes_from_charge_to_retired_to_destroyed_and_skips_nothing(place: Place) -> None:
    (first,) = place.transforms()
    for refuse in (place.keys.retire_transform, place.keys.destroy_transform):
        with pytest.raises(KeyActiveError):
            refuse(first)
    new = place.keys.add_transform()
    assert place.transforms() == {first: RETIRING, new: ACTIVE}
    with pytest.raises(KeyInUseError):
        place.keys.destroy_transform(first)

    for step, state in ((place.keys.retire_transform, RETIRED), (place.keys.destroy_transform, DESTROYED)):
        for _ in range(2):
            step(first)
            assert place.transforms() == {first: state, new: ACTIVE}
    place.keys.retire_transform(first)
    assert place.transforms()[first] == DESTROYED


# Over a ring: crashes and tampering ---------------------------------------------------------------------------------

NEXT_USES: dict[str, Callable[[RingPlace], object]] = {
    "status": lambda place: place.keys.status(),
    "rewrap": lambda place: place.keys.rewrap(),
    "settle": lambda place: place.keys.settle(),
    "add_kek": lambda place: place.keys.add_kek(),
    "a new process": lambda place: place.elsewhere(),
    "a new data key": lambda place: place.vault.create_key("epoch:2029-12"),
}


@pytest.mark.parametrize("use", NEXT_USES)
def test_a_crash_between_the_ring_and_the_store_is_put_right_by_whatever_comes_next(
    rings: RingPlace, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    def die(_kek_id: str) -> None:
        raise Killed

    former = rings.active()
    with monkeypatch.context() as dying:
        dying.setattr(rings.store, "activate", die)
        with pytest.raises(Killed):
            rings.keys.add_kek()
    assert rings.store.active() == former
    assert rings.ring.active_kek() != former

    NEXT_USES[use](rings)

    assert rings.store.active() == rings.ring.active_kek() != former
    rings.vault.create_key("epoch:2030-01")
    rings.rewrap_all()
    assert rings.opened() == {owner: owner.encode() for owner in OWNERS}


def test_a_crash_between_two_pages_leaves_every_key_readable_and_the_next_process_ends_it(rings: RingPlace) -> None:
    former, new = rings.active(), rings.keys.add_kek()
    rings.keys.rewrap(2)

    other = rings.elsewhere()
    assert rings.opened() == {owner: owner.encode() for owner in OWNERS}
    other.rewrap_all()
    other.keys.destroy_kek(former)

    assert rings.keks() == {former: (DESTROYED, 0), new: (ACTIVE, len(OWNERS))}
    assert rings.opened() == {owner: owner.encode() for owner in OWNERS}


def test_a_process_that_has_not_heard_of_the_new_key_wraps_nothing_by_the_former(rings: RingPlace) -> None:
    late = rings.elsewhere()
    former = rings.active()
    rings.keys.add_kek()
    rings.rewrap_all()
    rings.keys.destroy_kek(former)

    late.vault.create_key("epoch:2030-01")

    assert rings.store.holds() == {rings.ring.active_kek(): len(OWNERS) + 1}


def test_a_keeper_that_is_behind_does_not_put_the_former_key_back_in_charge(
    rings: RingPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = rings.elsewhere()
    refresh: Any = late.ring.refresh

    def overtaken() -> bool:
        """Another process changes the ring just after this one has looked."""
        changed: bool = refresh()
        monkeypatch.setattr(late.ring, "refresh", refresh)
        rings.keys.add_kek()
        return changed

    monkeypatch.setattr(late.ring, "refresh", overtaken)
    late.keys.status()

    assert rings.store.active() == rings.ring.active_kek() == late.ring.active_kek()


@pytest.mark.parametrize("damage", ["changed", "swapped", "unknown key", "destroyed key", "empty"])
def test_a_broken_data_key_is_reported_once_and_the_others_are_rewrapped(rings: RingPlace, damage: str) -> None:
    gone = rings.active()
    rings.keys.add_kek()
    rings.rewrap_all()
    rings.keys.destroy_kek(gone)
    former = rings.active()
    victim, other = ((owner, rings.store.get(owner)) for owner in OWNERS[1:3])
    assert victim[1] is not None
    assert other[1] is not None
    whole = WrappedKey(victim[0], *victim[1])
    changed = whole.wrapped[:-1] + bytes([whole.wrapped[-1] ^ 1])
    rings.paste(
        victim[0],
        {
            "changed": WrappedKey(victim[0], former, changed),
            "swapped": WrappedKey(victim[0], *other[1]),
            "unknown key": WrappedKey(victim[0], "kek-none", whole.wrapped),
            "destroyed key": WrappedKey(victim[0], gone, whole.wrapped),
            "empty": WrappedKey(victim[0], former, b""),
        }[damage],
    )
    new = rings.keys.add_kek()

    assert rings.keys.rewrap() == len(OWNERS) - 1
    with pytest.raises(SealBrokenError) as refusal:
        rings.keys.rewrap()
    assert rings.keys.rewrap() == 0

    assert victim[0] not in str(refusal.value)
    assert rings.store.holds()[new] == len(OWNERS) - 1
    rings.paste(victim[0], whole)
    assert rings.opened() == {owner: owner.encode() for owner in OWNERS}
    assert rings.elsewhere().keys.rewrap() == 1


def test_many_broken_data_keys_do_not_hide_the_whole_ones_behind_them(rings: RingPlace) -> None:
    for owner in OWNERS[:3]:
        rings.paste(owner, WrappedKey(owner, rings.active(), b"broken"))
    new = rings.keys.add_kek()

    told: list[object] = []
    for _ in range(7):
        try:
            told.append(rings.keys.rewrap(2))
        except SealBrokenError as error:
            told.append(error.code)

    assert told.count("seal_broken") == 3
    assert sum(count for count in told if isinstance(count, int)) == len(OWNERS) - 3
    assert told[-1] == 0
    assert rings.store.holds()[new] == len(OWNERS) - 3
