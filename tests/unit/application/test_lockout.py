"""Who has to wait after failures, and who does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from application import lockout
from application.lockout import FACE, PASSWORD, Origin
from domain.errors import LockedOutError
from tests.house import ICU, LAB, House, build_house
from tests.unit.application.locking import BIA, GUEST, HOME, WARD, ana, fail, scopes, succeed, wait_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from application.ports.lockouts import Counted, Lockouts
    from domain.policies.lockout import Tally


@pytest.fixture
def house() -> House:
    return build_house()


@pytest.mark.parametrize(("live", "limit"), [(False, 5), (True, 10)])
def test_after_the_limit_a_person_waits_at_that_address(house: House, live: bool, limit: int) -> None:
    fail(house, ana(), limit - 1, live=live)
    assert wait_of(house, ana()) == 0
    fail(house, ana(), live=live)
    assert wait_of(house, ana()) == 30
    house.clock.advance(timedelta(seconds=29))
    assert wait_of(house, ana()) == 1
    house.clock.advance(timedelta(seconds=1))
    assert wait_of(house, ana()) == 0


def test_each_further_failure_doubles_the_wait(house: House) -> None:
    fail(house, ana(), 6)
    assert wait_of(house, ana()) == 60
    fail(house, ana())
    assert wait_of(house, ana()) == 120


def test_at_the_end_only_an_administrator_or_another_way_in_helps(house: House) -> None:
    fail(house, ana(), 50)
    house.clock.advance(timedelta(days=20))
    assert wait_of(house, ana()) is None
    assert wait_of(house, replace(ana(), method=FACE)) == 0


def test_failures_of_the_face_never_close_the_password_nor_the_other_way_round(house: House) -> None:
    for method, other in ((FACE, PASSWORD), (PASSWORD, FACE)):
        fail(house, replace(ana(), method=method), 30)
        assert wait_of(house, replace(ana(), method=other)) == 0
        house.services.lockouts.forget(house.clock.now() + timedelta(days=400), keep=0)


def test_a_colleague_at_the_same_address_does_not_wait(house: House) -> None:
    fail(house, ana(), 6)
    assert wait_of(house, replace(ana(), subject_id=BIA)) == 0
    assert wait_of(house, GUEST) == 0


def test_nobody_can_lock_a_colleague_out_by_failing_in_their_name(house: House) -> None:
    succeed(house, ana(HOME))
    for turn in range(120):
        fail(house, ana(f"203.0.113.{turn}"), 4)
    assert scopes(house)["claim"] == 1
    assert wait_of(house, ana("203.0.113.200")) not in {0, None}
    assert wait_of(house, ana(HOME)) == 0


def test_a_device_of_its_own_is_not_locked_by_strangers_behind_the_same_address(house: House) -> None:
    fail(house, ana(), 50)
    paired = ana(device_id=uuid4())
    fail(house, GUEST, 30)
    succeed(house, paired)
    assert wait_of(house, paired) == 0


def test_a_device_waits_after_five_failures_of_anybody_on_it(house: House) -> None:
    device = uuid4()
    for person in range(5):
        fail(house, replace(GUEST, device_id=device, claim_digest=f"{person:064x}"))
    assert wait_of(house, replace(GUEST, device_id=device)) == 30
    assert wait_of(house, GUEST) == 0


def test_five_strangers_do_not_stop_a_ward_that_shares_an_address_but_twenty_failures_in_a_row_do(house: House) -> None:
    fail(house, GUEST, 19)
    assert wait_of(house, GUEST) == 0
    fail(house, GUEST)
    assert wait_of(house, GUEST) == 30


def test_who_has_signed_in_from_an_address_before_is_not_kept_waiting_by_others_there(house: House) -> None:
    succeed(house, ana())
    fail(house, GUEST, 20)
    assert wait_of(house, GUEST) == 30
    assert wait_of(house, ana()) == 0
    house.clock.advance(timedelta(days=30))
    fail(house, GUEST)
    assert wait_of(house, ana()) == 60


def test_a_guesser_who_signs_in_himself_in_between_does_not_begin_anew(house: House) -> None:
    guesser = replace(ana(), subject_id=BIA)
    for _ in range(5):
        fail(house, ana())
        succeed(house, guesser)
    assert wait_of(house, ana()) == 30


def test_a_success_begins_anew_for_who_succeeded(house: House) -> None:
    fail(house, ana(), 4)
    succeed(house, ana())
    fail(house, ana(), 4)
    assert wait_of(house, ana()) == 0


def test_an_attack_spread_over_many_addresses_is_slowed_for_the_department_but_never_stopped(house: House) -> None:
    for turn in range(100):
        act = house.act("anonymous")
        lockout.failed(house.services, replace(GUEST, address=f"203.0.113.{turn}"), act=act)
    stranger = replace(GUEST, address=HOME)
    assert scopes(house) == {"department": 1}
    assert wait_of(house, stranger) == 30
    assert wait_of(house, replace(stranger, department=LAB)) == 0
    house.clock.advance(timedelta(minutes=10))
    assert wait_of(house, stranger) == 0


def test_a_department_s_window_that_is_over_ends_its_lockout_in_the_history(house: House) -> None:
    for _ in range(100):
        lockout.failed(house.services, replace(GUEST, address=str(uuid4())), act=house.act())
    house.clock.advance(timedelta(minutes=11))
    lockout.failed(house.services, GUEST, act=house.act())
    assert scopes(house) == {}
    assert house.names()[-2:] == ["lockout.imposed.v1", "lockout.lifted.v1"]


def test_addresses_of_one_ipv6_network_are_one_address(house: House) -> None:
    fail(house, ana("2001:db8:1:2::5"), 5)
    assert wait_of(house, ana("2001:db8:1:2:ffff::9")) == 30
    assert wait_of(house, ana("2001:db8:1:3::5")) == 0
    fail(house, ana("::ffff:198.51.100.4"), 5)
    assert wait_of(house, ana(HOME)) == 30


class CountingLockouts:
    """The twin, which writes down what it was asked."""

    def __init__(self, lockouts: Lockouts) -> None:
        self._lockouts = lockouts
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def peek(self, lockout_ids: Sequence[UUID]) -> dict[UUID, Tally]:
        self.asked.append(("peek", ("",) * len(lockout_ids)))
        return self._lockouts.peek(lockout_ids)

    def held(self, counted: Sequence[Counted], expires_at: Any) -> AbstractContextManager[dict[UUID, Tally]]:
        self.asked.append(("held", tuple(each.scope for each in counted)))
        return self._lockouts.held(counted, expires_at)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lockouts, name)


def test_a_name_that_nobody_has_is_counted_and_costs_exactly_like_one_that_somebody_has() -> None:
    told: list[list[object]] = []
    for origin in (ana(), Origin(PASSWORD, ICU, WARD, claim_digest="ab" * 32)):
        house = build_house()
        counting = CountingLockouts(house.services.lockouts)
        house.services = replace(house.services, lockouts=counting)
        waits: list[object] = []
        for _ in range(6):
            fail(house, origin)
            waits.append(wait_of(house, origin))
        told.append([waits, counting.asked, house.names()])
    assert told[0] == told[1]


def test_of_many_at_once_exactly_as_many_as_the_limit_get_through(house: House) -> None:
    def attempt(_: int) -> bool:
        act = house.act("anonymous")
        try:
            lockout.check(house.services, ana(), act=act)
        except LockedOutError:
            return False
        lockout.failed(house.services, ana(), act=act)
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(100))) == 5


def test_a_try_that_nobody_ended_gives_its_slot_back(house: House) -> None:
    for _ in range(5):
        lockout.check(house.services, ana(), act=house.act())
    assert wait_of(house, ana()) == 1
    house.clock.advance(timedelta(seconds=60))
    assert wait_of(house, ana()) == 0


def test_what_was_neither_success_nor_failure_gives_its_slot_back_at_once(house: House) -> None:
    for _ in range(9):
        assert wait_of(house, ana()) == 0
