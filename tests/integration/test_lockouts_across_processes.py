"""Failures counted by many threads, by two processes and over restarts, on one PostgreSQL."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from application import lockout, lockout_history
from application.lockout import PASSWORD, Origin
from domain.errors import LockedOutError
from tests.house import ICU
from tests.integration.trial import opened

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

    from entrypoints.app import App

pytestmark = pytest.mark.database

ANA = UUID(int=1)
THREADS, TRIES = 8, 60


def ana(address: str = "192.0.2.17") -> Origin:
    return Origin(PASSWORD, ICU, address, subject_id=ANA)


def attempt(app: App, origin: Origin, *, live: bool = False) -> bool:
    """Try and fail; say whether the try was let through."""
    act = app.services.act("anonymous", "http")
    try:
        lockout.check(app.services, origin, act=act)
    except LockedOutError:
        return False
    lockout.failed(app.services, origin, act=act, pad_passed=live)
    return True


def let_through(app: App, times: int, *, live: bool = False) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda _: attempt(app, ana(), live=live), range(times)))


@pytest.mark.parametrize(("live", "limit"), [(False, 5), (True, 10)])
def test_of_many_threads_exactly_as_many_tries_as_the_limit_get_through(app: App, live: bool, limit: int) -> None:
    through = let_through(app, TRIES, live=live)
    while not live_locked(app):  # with a live person half of the slots open again as failures are counted
        through += let_through(app, TRIES, live=live)
    assert through == limit
    assert lockout_history.listing(app.services, department=ICU)[0][1].total == limit


def live_locked(app: App) -> bool:
    return bool(lockout_history.listing(app.services, department=ICU))


def test_with_four_failures_counted_one_more_gets_through(app: App) -> None:
    for _ in range(4):
        assert attempt(app, ana())
    assert let_through(app, 100) == 1


def _elsewhere(home: Path, dsn: str, barrier: Barrier, answers: Queue[int]) -> None:
    with opened(home, dsn, escrow_key=None) as app:
        barrier.wait(60)
        answers.put(let_through(app, TRIES))


def test_two_processes_let_through_exactly_the_limit_and_a_restart_changes_nothing(tmp_path: Path, dsn: str) -> None:
    home = tmp_path / "home"
    with opened(home, dsn):
        pass  # the ring belongs to this home before two come to it
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_elsewhere, args=(home, dsn, barrier, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    told = [answers.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0

    assert sum(told) == 5

    with opened(home, dsn) as app:
        assert not attempt(app, ana())
        ((counted, tally),) = lockout_history.listing(app.services, department=ICU)
        assert (counted.scope, tally.total, tally.waits) == ("claim_at_address", 5, 1)
        assert [event.name for event in app.services.store.read(0, 1000) if event.aggregate == "lockout"] == [
            "lockout.imposed.v1"
        ]
        act = app.services.act("operator:test", "cli")
        lockout_history.release(app.services, counted.lockout_id, reason="known", department=ICU, act=act)
        assert attempt(app, ana())


def test_a_process_that_died_in_the_middle_of_a_try_leaves_no_slot_taken(tmp_path: Path, dsn: str) -> None:
    with opened(tmp_path / "home", dsn) as app:
        for _ in range(5):
            lockout.check(app.services, ana(), act=app.services.act("anonymous", "http"))
        with pytest.raises(LockedOutError):
            lockout.check(app.services, ana(), act=app.services.act("anonymous", "http"))
    with opened(tmp_path / "home", dsn) as app:
        act = app.services.act("anonymous", "http")
        later = replace(act, at=act.at + timedelta(seconds=61))
        lockout.check(app.services, ana(), act=later)


def test_no_row_and_no_event_holds_an_address_or_a_name(app: App) -> None:
    for _ in range(6):
        attempt(app, ana("192.0.2.177"))
    with app.database.connection() as connection:
        rows = connection.execute(b"SELECT lockouts::text AS text FROM lockouts").fetchall()
    assert rows
    assert "192.0.2.177" not in str(rows)
    assert "192.0.2.177" not in str([event.fields for event in app.services.store.read(0, 1000)])
