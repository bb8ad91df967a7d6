"""What the history says of lockouts, how they end, what bounds them, and what happens where they cannot be counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from application import lockout, lockout_history
from application.lockout import PASSWORD, Origin
from domain.errors import FaceauthError, LockedOutError, NotFoundError, RateLimitedError, UnavailableError
from domain.policies.lockout import LockoutPolicy
from entrypoints.worker import TASKS
from tests.house import ICU, LAB, House, build_house
from tests.unit.application.locking import ANA, HOME, WARD, ana, fail, scopes, succeed, wait_of

if TYPE_CHECKING:
    from adapters.memory.lockouts import MemoryLockouts
    from application.services import Services


@pytest.fixture
def house() -> House:
    return build_house()


def test_the_history_tells_a_lockout_from_its_beginning_to_its_end_and_no_address(house: House) -> None:
    fail(house, ana(), 5)
    first = house.last("lockout.imposed.v1")
    assert (first["scope"], first["method"], first["failures"]) == ("claim_at_address", PASSWORD, 5)
    assert (first["subject_id"], first["department"]) == (ANA, ICU)
    assert WARD not in repr(first)
    for _ in range(3):
        wait_of(house, ana())
    fail(house, ana())
    assert house.last("lockout.extended.v1")["refused"] == 4
    house.clock.advance(timedelta(seconds=60))
    succeed(house, ana())
    assert house.names() == ["lockout.imposed.v1", "lockout.extended.v1", "lockout.lifted.v1"]
    assert scopes(house) == {}


def test_who_is_turned_away_is_counted_and_only_the_first_of_a_wait_is_news(house: House) -> None:
    fail(house, ana(), 5)
    news = []
    for _ in range(200):
        with pytest.raises(LockedOutError) as caught:
            lockout.check(house.services, ana(), act=house.act())
        news.append(caught.value.first)
    ((_, tally),) = lockout_history.listing(house.services, department=ICU)
    assert (news.count(True), news[0], tally.refused) == (1, True, 200)
    assert house.names() == ["lockout.imposed.v1"]


def test_an_administrator_of_the_department_ends_a_lockout_at_once(house: House) -> None:
    fail(house, ana(), 50)
    ((counted, _),) = [each for each in lockout_history.listing(house.services, department=ICU) if each[1].stopped]
    with pytest.raises(NotFoundError):
        lockout_history.release(house.services, counted.lockout_id, reason="known", department=LAB, act=house.act())
    lockout_history.release(house.services, counted.lockout_id, reason="known", department=ICU, act=house.act())
    assert house.last("lockout.released.v1")["reason"] == "known"
    with pytest.raises(NotFoundError):
        lockout_history.release(house.services, counted.lockout_id, reason="twice", department=ICU, act=house.act())
    for other, _ in lockout_history.listing(
        house.services, department=ICU
    ):  # her name and the address wait on their own
        lockout_history.release(house.services, other.lockout_id, reason="known", department=ICU, act=house.act())
    assert wait_of(house, ana()) == 0


def test_so_many_attempts_a_minute_from_an_address_may_come_to_nothing(house: House) -> None:
    limit = house.services.policies.lockout.attempts_from_address
    for _ in range(limit):
        lockout.admit(house.services, WARD, act=house.act())
        lockout.came_to_nothing(house.services, WARD, act=house.act())
        house.clock.advance(timedelta(seconds=1))
    with pytest.raises(RateLimitedError) as caught:
        lockout.admit(house.services, WARD, act=house.act())
    assert caught.value.retry_after_s == 60 - limit
    lockout.admit(house.services, HOME, act=house.act())
    house.clock.advance(timedelta(seconds=60 - limit))
    lockout.admit(house.services, WARD, act=house.act())
    assert scopes(house) == {}


def test_a_flood_of_names_and_addresses_does_not_fill_the_store(house: House) -> None:
    policies = replace(house.services.policies, lockout=LockoutPolicy(rows=100))
    services = replace(house.services, policies=policies)
    fail(house, ana(HOME), 5)
    for turn in range(1000):
        origin = Origin(PASSWORD, ICU, str(uuid4()), claim_digest=f"{turn:064x}")
        lockout.failed(services, origin, act=house.act())
    house.services = services
    for task in TASKS:
        if task.name == "lockouts":
            task.run(services, house.act())
    rows: MemoryLockouts = services.lockouts  # type: ignore[assignment]
    assert len(rows) == 100
    assert wait_of(house, ana(HOME)) == 30


def test_the_worker_forgets_what_may_pass_again_and_old_failures(house: House) -> None:
    house.services.once.first("jti", "a", forget_at=house.clock.now())
    fail(house, ana(), 2)
    house.clock.advance(timedelta(days=31))
    for task in TASKS:
        if task.name in {"lockouts", "once"}:
            task.run(house.services, house.act())
    assert house.services.once.first("jti", "a", forget_at=house.clock.now())
    rows: MemoryLockouts = house.services.lockouts  # type: ignore[assignment]
    assert len(rows) == 0


class LostLockouts:
    """Failures that cannot be reached."""

    def __getattr__(self, name: str) -> Any:
        raise UnavailableError("the database is away")


@pytest.fixture
def lost(house: House) -> Services:
    return replace(house.services, lockouts=LostLockouts())


def test_where_failures_cannot_be_counted_nobody_is_let_try(house: House, lost: Services) -> None:
    for call in (lockout.look, lockout.check, lockout.failed):
        with pytest.raises(FaceauthError):
            call(lost, ana(), act=house.act())


def test_a_success_stays_one_where_it_cannot_be_noted(house: House, lost: Services) -> None:
    lockout.succeeded(lost, ana(), act=house.act())
    lockout.undecided(lost, ana(), act=house.act())
