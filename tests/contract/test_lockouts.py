"""What everything that failures are counted in has to go by."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from adapters.memory.lockouts import MemoryLockouts
from adapters.postgres.lockouts import PostgresLockouts
from application.ports.lockouts import Counted
from domain.policies.lockout import ADDRESS, CLAIM, Tally

if TYPE_CHECKING:
    from application.ports.lockouts import Lockouts

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
FULL = Tally(
    failures=3,
    live_failures=2,
    waits=2,
    until=LATER,
    stopped=False,
    since=NOW,
    failed_at=NOW + timedelta(microseconds=123456),
    succeeded_at=NOW,
    refused=4,
    episode=UUID(int=7),
    leases={"one": LATER, "two": NOW},
)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.database)])
def lockouts(request: pytest.FixtureRequest) -> Lockouts:
    if request.param == "memory":
        return MemoryLockouts()
    return PostgresLockouts(request.getfixturevalue("database"))


def counted(department: str = "icu", scope: str = ADDRESS) -> Counted:
    return Counted(uuid4(), "face", scope, department, "0123456789abcdef", uuid4(), uuid4())


def put(lockouts: Lockouts, each: Counted, tally: Tally, expires_at: datetime | None = LATER) -> None:
    with lockouts.held([each], lambda _: expires_at) as held:
        held[each.lockout_id] = tally


def test_what_was_kept_comes_back_as_it_was(lockouts: Lockouts) -> None:
    each = counted()
    put(lockouts, each, FULL)

    assert lockouts.find(each.lockout_id) == (each, FULL)
    assert lockouts.peek([each.lockout_id, uuid4()]) == {each.lockout_id: FULL}


def test_what_is_not_there_begins_empty(lockouts: Lockouts) -> None:
    each = counted()
    with lockouts.held([each], lambda _: LATER) as held:
        assert held == {each.lockout_id: Tally()}
    assert lockouts.find(uuid4()) is None


def test_a_block_that_raises_keeps_nothing(lockouts: Lockouts) -> None:
    each = counted()
    put(lockouts, each, FULL)

    def fail() -> None:
        with lockouts.held([each], lambda _: LATER) as held:
            held[each.lockout_id] = Tally()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert lockouts.peek([each.lockout_id]) == {each.lockout_id: FULL}


def test_no_change_is_lost_among_many_threads(lockouts: Lockouts) -> None:
    every = [counted() for _ in range(4)]

    def fail(turn: int) -> None:
        # each in another order: nobody may wait for somebody who waits for them
        mine = every[turn % 4 :] + every[: turn % 4]
        with lockouts.held(mine, lambda _: LATER) as held:
            for each in mine:
                held[each.lockout_id] = replace(held[each.lockout_id], failures=held[each.lockout_id].failures + 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(200)))

    assert [tally.failures for tally in lockouts.peek([each.lockout_id for each in every]).values()] == [200] * 4


def test_the_locked_ones_of_a_department_are_listed_newest_first(lockouts: Lockouts) -> None:
    old, new, other, free = counted(), counted(), counted("laboratory"), counted()
    put(lockouts, old, replace(FULL, failed_at=NOW))
    put(lockouts, new, replace(FULL, failed_at=LATER))
    put(lockouts, other, FULL)
    put(lockouts, free, replace(FULL, episode=None))

    assert [each for each, _ in lockouts.locked(department="icu", limit=10)] == [new, old]
    assert [each for each, _ in lockouts.locked(department=None, limit=2)] == [new, other]


def test_a_standing_lockout_stays_where_it_was_imposed(lockouts: Lockouts) -> None:
    each = counted(scope=CLAIM)
    put(lockouts, each, FULL)
    put(lockouts, replace(each, department="laboratory"), replace(FULL, failures=9))

    found = lockouts.find(each.lockout_id)
    assert found is not None
    assert found[0].department == "icu"


def test_what_is_over_is_forgotten_and_what_is_stopped_is_not(lockouts: Lockouts) -> None:
    over, alive, stopped = counted(), counted(), counted()
    put(lockouts, over, FULL, NOW - timedelta(seconds=1))
    put(lockouts, alive, FULL, LATER)
    put(lockouts, stopped, replace(FULL, stopped=True), None)

    assert lockouts.forget(NOW, keep=100) == 1
    assert lockouts.find(over.lockout_id) is None
    assert lockouts.find(alive.lockout_id) is not None
    assert lockouts.find(stopped.lockout_id) is not None


def test_of_too_many_the_least_are_lost(lockouts: Lockouts) -> None:
    locked, known, stopped = counted(), counted(), counted()
    put(lockouts, locked, FULL)
    put(lockouts, known, Tally(succeeded_at=NOW))
    put(lockouts, stopped, Tally(stopped=True, failures=50), None)
    twice, once = counted(), [counted() for _ in range(20)]
    put(lockouts, twice, Tally(failures=2, failed_at=NOW))
    for each in once:
        put(lockouts, each, Tally(failures=1, failed_at=NOW))

    assert lockouts.forget(NOW, keep=4) == 20
    kept = [each for each in (locked, known, stopped, twice) if lockouts.find(each.lockout_id)]
    assert kept == [locked, known, stopped, twice]
    assert lockouts.forget(NOW, keep=0) == 3
    assert lockouts.find(stopped.lockout_id) is not None


def test_whatever_names_a_subject_is_forgotten_at_once_even_what_is_stopped(lockouts: Lockouts) -> None:
    subject_id = uuid4()
    theirs = [replace(counted(scope=CLAIM), subject_id=subject_id) for _ in range(3)]
    put(lockouts, theirs[0], replace(FULL, stopped=True, until=None), None)
    put(lockouts, theirs[1], replace(FULL, episode=None))
    put(lockouts, theirs[2], replace(FULL, episode=UUID(int=9)))
    nobodys, others = replace(counted(), subject_id=None), counted()
    put(lockouts, nobodys, FULL)
    put(lockouts, others, FULL)

    assert sorted(lockouts.forget_subject(subject_id)) == [UUID(int=7), UUID(int=9)]
    assert set(lockouts.peek([each.lockout_id for each in (*theirs, nobodys, others)])) == {
        nobodys.lockout_id,
        others.lockout_id,
    }
    assert lockouts.forget_subject(subject_id) == []
