"""What every keeper of the keys promises: generations, states and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.memory.clock import FixedClock
from adapters.memory.keys import MemoryKeys
from adapters.memory.vault import MemoryVault
from application.ports.keys import ACTIVE, DESTROYED, RETIRED, RETIRING
from domain.errors import KeyActiveError, KeyDestroyedError, KeyInUseError, NotFoundError
from tests.contract.keepers import OWNERS, POSTGRES, Place, data_keys, ring_place

if TYPE_CHECKING:
    from pathlib import Path


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
