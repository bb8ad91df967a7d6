"""Keepers over a ring: a crash anywhere is put right, and what somebody tampered with holds nobody else up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from application.ports.keys import ACTIVE, DESTROYED
from application.ports.vault import WrappedKey
from domain.errors import SealBrokenError
from tests.contract.keepers import OWNERS, POSTGRES, RingPlace, data_keys, ring_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Killed(BaseException):
    """What the operating system does to a process."""


@pytest.fixture(params=["memory", POSTGRES])
def rings(request: pytest.FixtureRequest, tmp_path: Path) -> RingPlace:
    made = ring_place(tmp_path, data_keys(request, request.param))
    made.fill()
    return made


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
