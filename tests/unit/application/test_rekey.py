"""Rotation of the key-encryption keys: everybody's data key once, whatever cuts it off, and what it leaves behind."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.memory.vision import DIMENSION, MODEL
from application import rekey
from application.ports.keys import ACTIVE, DESTROYED, RETIRING
from application.ports.vault import epoch_owner, subject_owner
from domain.errors import (
    InProgressError,
    KeyActiveError,
    KeyInUseError,
    KeysReadOnlyError,
    NotFoundError,
    SealBrokenError,
    UnavailableError,
)
from tests.house import ICU, House
from tests.synthetic import populate
from tests.unit.application.rotating import Killed, journal

if TYPE_CHECKING:
    from uuid import UUID

FIRST = "kek-1"
MINE = "kek_rotation"


@pytest.fixture
def people(house: House) -> list[UUID]:
    """Seven people of intensive care."""
    return populate(house.services, 7, department=ICU, model=MODEL, dimension=DIMENSION)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekey, "BATCH", 2)


def keks(house: House) -> dict[str, tuple[str, int]]:
    return {key.key_id: (key.state, key.holds) for key in house.keys.status().keks}


def rotate(house: House, **kwargs: object) -> rekey.Rekeyed:
    return rekey.rotate_keks(house.services, act=house.act("operator:cli", "cli"), **kwargs)  # type: ignore[arg-type]


def stop_at(call: int, heard: list[tuple[int, int]]) -> rekey.Progress:
    """A progress that kills at its so manieth call."""

    def progress(done: int, of: int) -> None:
        heard.append((done, of))
        if len(heard) == call:
            raise Killed

    return progress


def test_every_data_key_is_wrapped_anew_and_the_former_key_is_destroyed(house: House, people: list[UUID]) -> None:
    heard: list[tuple[int, int]] = []

    done = rotate(house, progress=lambda *told: heard.append(told))

    assert (done.kek_id, done.rewrapped, done.destroyed) == ("kek-2", len(people), [FIRST])
    assert (done.kept, done.final, done.broken) == ({}, [], 0)
    assert heard == [(0, 7), (2, 7), (4, 7), (6, 7), (7, 7)]
    assert keks(house) == {FIRST: (DESTROYED, 0), "kek-2": (ACTIVE, 7)}
    assert all(house.vault.has_key(subject_owner(subject)) for subject in people)


def test_a_rotation_changes_no_event_and_people_sign_in_as_before(house: House) -> None:
    house.enroll("ana")
    assert house.sign_in("ana").success
    before = [(e.position, e.name, dict(e.fields)) for e in house.store.read(0, 1000)]
    sealed = house.rows("active_template_rows")

    rotate(house)

    after = [(e.position, e.name, dict(e.fields)) for e in house.store.read(0, 1000)]
    assert after[: len(before)] == before
    assert [name for _, name, _ in after[len(before) :]] == ["journal.recorded.v1"]
    assert house.rows("active_template_rows") == sealed
    assert house.sign_in("ana").success


def test_the_journal_tells_what_was_done_and_by_whom(house: House, people: list[UUID]) -> None:
    rotate(house)

    entry = house.last("journal.recorded.v1")
    assert (entry["kind"], entry["outcome"], entry["code"]) == (MINE, "done", "ok")
    assert entry["facts"] == {"kek": "kek-2", "rewrapped": str(len(people)), "destroyed": FIRST, "final": "0"}
    assert (entry["act"].actor, entry["act"].channel) == ("operator:cli", "cli")


@pytest.mark.parametrize("call", range(1, 6))
def test_a_rotation_killed_anywhere_is_carried_on_with_the_same_key(
    house: House, people: list[UUID], call: int
) -> None:
    heard: list[tuple[int, int]] = []
    with pytest.raises(Killed):
        rotate(house, progress=stop_at(call, heard))
    assert keks(house)[FIRST][0] == RETIRING
    assert all(house.vault.has_key(subject_owner(subject)) for subject in people)

    done = rotate(house)

    assert done.kek_id == "kek-2"
    assert heard[-1][0] + done.rewrapped == len(people)
    assert keks(house) == {FIRST: (DESTROYED, 0), "kek-2": (ACTIVE, 7)}
    assert [entry for entry in journal(house) if entry[0] == MINE] == [(MINE, "done", "ok")]


def test_a_rotation_killed_again_and_again_makes_one_key(house: House, people: list[UUID]) -> None:
    for call in (2, 2, 2):
        with pytest.raises(Killed):
            rotate(house, progress=stop_at(call, []))
    rotate(house)

    assert keks(house) == {FIRST: (DESTROYED, 0), "kek-2": (ACTIVE, len(people))}


def test_killed_before_the_former_key_is_destroyed_the_next_one_destroys_it(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_kek_id: str) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(house.keys, "destroy_kek", die)
        with pytest.raises(Killed):
            rotate(house)
    assert keks(house) == {FIRST: (RETIRING, 0), "kek-2": (ACTIVE, len(people))}

    assert rotate(house).destroyed == [FIRST]
    assert len(keks(house)) == 2


def test_a_fresh_rotation_makes_another_key_although_one_was_cut_off(house: House, people: list[UUID]) -> None:
    with pytest.raises(Killed):
        rotate(house, progress=stop_at(2, []))

    done = rotate(house, fresh=True)

    assert (done.kek_id, done.rewrapped, set(done.destroyed)) == ("kek-3", len(people), {FIRST, "kek-2"})


def test_a_second_rotation_at_the_same_time_is_refused_and_recorded(house: House, people: list[UUID]) -> None:
    refused: list[str] = []

    def meanwhile(done: int, _of: int) -> None:
        if done == 2:
            with pytest.raises(InProgressError):
                rotate(house)
            refused.append("once")

    done = rotate(house, progress=meanwhile)

    assert refused == ["once"]
    assert (done.rewrapped, len(keks(house))) == (len(people), 2)
    assert Counter(journal(house)) == {(MINE, "refused", "in_progress"): 1, (MINE, "done", "ok"): 1}


def test_people_who_come_during_a_rotation_are_wrapped_by_the_new_key(house: House, people: list[UUID]) -> None:
    def come(done: int, _of: int) -> None:
        house.vault.create_key(epoch_owner(f"20{done:02}-01"))

    done = rotate(house, progress=come)

    assert (done.rewrapped, done.destroyed) == (len(people), [FIRST])
    assert keks(house)["kek-2"] == (ACTIVE, len(people) + 5)


def test_somebody_erased_during_a_rotation_stays_erased(house: House, people: list[UUID]) -> None:
    def leave(done: int, _of: int) -> None:
        if done == 2:
            for subject in people:
                house.vault.destroy_key(subject_owner(subject))

    done = rotate(house, progress=leave)

    assert (done.rewrapped, done.destroyed) == (2, [FIRST])
    assert not any(house.vault.has_key(subject_owner(subject)) for subject in people)
    assert done.final == [], "the new key was alive when they were erased"


def test_keys_that_the_operator_takes_away_are_kept_and_named(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_kek_id: str) -> None:
        raise KeysReadOnlyError("remove the variable of the former key")

    monkeypatch.setattr(house.keys, "destroy_kek", refuse)

    done = rotate(house)

    assert (done.rewrapped, done.destroyed) == (len(people), [])
    assert done.kept == {FIRST: "remove the variable of the former key"}


def test_keys_that_only_the_operator_makes_are_refused_and_recorded(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise KeysReadOnlyError("add a key to the environment")

    monkeypatch.setattr(house.keys, "add_kek", refuse)

    with pytest.raises(KeysReadOnlyError):
        rotate(house)
    assert journal(house) == [(MINE, "refused", "keys_read_only")]
    assert keks(house) == {FIRST: (ACTIVE, len(people))}


def test_a_data_key_that_does_not_open_is_counted_recorded_and_keeps_its_key(
    house: House, people: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrap, calls = house.keys.rewrap, iter(range(100))

    def stumbling(limit: int) -> int:
        if next(calls) in {1, 2}:
            raise SealBrokenError("a wrapped data key was changed")
        return rewrap(limit)

    monkeypatch.setattr(house.keys, "rewrap", stumbling)
    monkeypatch.setattr(house.keys, "broken", lambda: ["subject:a"])

    done = rotate(house)

    assert (done.rewrapped, done.broken) == (len(people), 2)
    assert [entry for entry in journal(house) if entry[1] == "broken"] == [("data_key", "broken", "seal_broken")]


def test_a_lost_database_stops_a_rotation_and_the_next_one_goes_on(house: House, people: list[UUID]) -> None:
    def lose(done: int, _of: int) -> None:
        if done == 4:
            raise UnavailableError("the database cannot be reached")

    with pytest.raises(UnavailableError):
        rotate(house, progress=lose)
    assert keks(house) == {FIRST: (RETIRING, 3), "kek-2": (ACTIVE, 4)}

    assert rotate(house).rewrapped == len(people) - 4
    assert journal(house) == [(MINE, "refused", "unavailable"), (MINE, "done", "ok")]


def test_keys_are_replaced_where_they_are_too_old_and_left_where_they_are_not(house: House, people: list[UUID]) -> None:
    made = house.clock.now()
    rekey.replace_keks(house.services, older_than=made, act=house.act())
    assert keks(house) == {FIRST: (ACTIVE, len(people))}

    house.clock.advance(timedelta(days=1))
    rekey.replace_keks(house.services, older_than=house.clock.now(), act=house.act())
    rekey.replace_keks(house.services, older_than=house.clock.now(), act=house.act())

    assert keks(house) == {FIRST: (DESTROYED, 0), "kek-2": (ACTIVE, len(people))}


def test_a_replacement_that_was_cut_off_is_carried_on_although_the_new_key_is_young(
    house: House, people: list[UUID]
) -> None:
    with pytest.raises(Killed):
        rotate(house, progress=stop_at(2, []))

    rekey.replace_keks(house.services, older_than=house.clock.now(), act=house.act())

    assert keks(house) == {FIRST: (DESTROYED, 0), "kek-2": (ACTIVE, len(people))}


# One former key -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kek_id", "error"),
    [(FIRST, KeyInUseError), ("kek-2", KeyActiveError), ("kek-9", NotFoundError)],
    ids=["in use", "active", "unknown"],
)
def test_a_key_that_cannot_go_is_refused_and_recorded(
    house: House, people: list[UUID], kek_id: str, error: type[NotFoundError]
) -> None:
    house.keys.add_kek()

    with pytest.raises(error):
        rekey.destroy_kek(house.services, kek_id, act=house.act())
    assert journal(house) == [("kek_destruction", "refused", error.code)]
    assert keks(house) == {FIRST: (RETIRING, len(people)), "kek-2": (ACTIVE, 0)}


def test_destroying_a_former_key_makes_erasures_final_and_is_recorded(house: House) -> None:
    house.vault.destroy_key("subject:a")
    house.keys.add_kek()
    rekey.destroy_kek(house.services, FIRST, act=house.act())

    assert [line.final_at is not None for line in house.keys.destroyed_data_keys()] == [True]
    assert journal(house) == [("kek_destruction", "done", "ok")]
    assert house.last("journal.recorded.v1")["facts"] == {"kek": FIRST}


def test_no_key_is_destroyed_while_a_rotation_runs(house: House, people: list[UUID]) -> None:
    with house.store.mutex(rekey.KEYS_MUTEX), pytest.raises(InProgressError):
        rekey.destroy_kek(house.services, FIRST, act=house.act())
    assert keks(house) == {FIRST: (ACTIVE, len(people))}
