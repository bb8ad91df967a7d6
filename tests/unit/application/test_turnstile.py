"""Lockout in front of a face: what counts as a failure, what is recorded, what the client hears."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from application import consent, lockout
from application.lockout import FACE, PASSWORD, Origin
from domain.errors import LockedOutError, UnavailableError
from domain.policies.lockout import LockoutPolicy
from tests.house import ADDRESS, ICU, House, build_house, frames

if TYPE_CHECKING:
    from typing import Any

    from application.outcome import Outcome

FEW = LockoutPolicy(address_multiple=1)


@pytest.fixture
def house() -> House:
    """A house where an address counts by itself, so that a story needs few attempts."""
    house = build_house()
    house.services = replace(house.services, policies=replace(house.services.policies, lockout=FEW))
    house.enroll("ana")
    return house


def refused(house: House, face: str = "stranger", times: int = 1, **kwargs: Any) -> Outcome:
    outcome: Outcome | None = None
    for _ in range(times):
        outcome = house.sign_in(face, **kwargs)
        assert not outcome.success
    assert outcome is not None
    return outcome


def locked(house: House) -> bool:
    try:
        lockout.look(house.services, Origin(FACE, ICU, ADDRESS), act=house.act())
    except LockedOutError:
        return True
    return False


def test_ten_strangers_in_a_row_lock_the_address_and_the_attempt_hears_it_before_it_starts(house: House) -> None:
    assert refused(house, times=10).code == "face_not_recognised"
    with pytest.raises(LockedOutError) as caught:
        house.attempt().start()
    assert caught.value.retry_after_s == 30
    house.clock.advance(timedelta(seconds=30))
    assert house.sign_in("ana").success
    assert not locked(house)


def test_five_pictures_of_a_picture_lock_it(house: House) -> None:
    for turn in range(5):
        assert locked(house) is False, turn
        outcome = house.shown(frames("ana", pads=(0.01, 0.01, 0.01))).decide(last=True)
        assert outcome.code == "presentation_attack"
    assert locked(house)


@pytest.mark.parametrize("shown", [[], [b"garbage"] * 3])
def test_time_that_ran_out_and_pictures_that_were_no_good_are_no_failures(house: House, shown: list[bytes]) -> None:
    for _ in range(12):
        assert house.shown(shown).decide(timeout=True).code in {"timeout", "quality_too_low"}
    assert not locked(house)


def test_attempts_that_were_abandoned_are_no_failures(house: House) -> None:
    for _ in range(12):
        house.shown(frames("stranger")).abandon("client_gone")
    assert not locked(house)


def test_who_withdrew_consent_is_counted_like_somebody_that_nobody_knows(house: House) -> None:
    subject_id = house.enroll("bia").subject_id
    consent.withdraw(house.services, subject_id, reason="other", act=house.act())
    outcomes = [house.sign_in("bia") for _ in range(10)]
    assert {outcome.code for outcome in outcomes} == {"face_not_recognised"}
    assert locked(house)


def test_a_claim_is_locked_on_its_own_and_known_or_not_answers_the_same() -> None:
    for claim in ("ana.souza", "nobody.at.all"):
        house = build_house()
        house.enroll("ana")
        assert refused(house, times=10, claim=claim).code == "face_not_recognised"
        outcome = refused(house, claim=claim)
        assert (outcome.code, outcome.next_step, outcome.retry_after_s) == ("locked_out", "password", 30)
        assert house.last("attempt.refused.v1")["code"] == "locked_out"
        assert house.sign_in("ana").success


def test_failures_by_face_leave_the_password_open(house: House) -> None:
    refused(house, times=10)
    lockout.check(house.services, Origin(PASSWORD, ICU, ADDRESS), act=house.act())


def test_a_flood_of_attempts_that_are_turned_away_is_recorded_once_per_wait(house: House) -> None:
    refused(house, times=10)
    before = len(house.names())
    for _ in range(50):
        with pytest.raises(LockedOutError):
            house.attempt().start()
    assert house.names(before) == ["attempt.started.v1", "attempt.refused.v1", "attempt.fallback_offered.v1"]
    (row,) = house.rows("auth_log_rows", code="locked_out")
    assert (row["success"], row["next_step"]) == (False, "password")


def test_where_a_failure_cannot_be_counted_nobody_is_let_in(house: House) -> None:
    class Lost:
        def __getattr__(self, name: str) -> Any:
            raise UnavailableError("the database is away")

    attempt = house.shown(frames("ana"))
    attempt._turnstile = replace(attempt._turnstile, services=replace(house.services, lockouts=Lost()))
    outcome = attempt.decide()
    assert (outcome.success, outcome.code) == (False, "unavailable")


def test_a_fault_in_the_middle_gives_the_slot_back(house: House) -> None:
    for _ in range(6):
        attempt = house.shown(frames("ana"))
        house.store.lost = True
        assert attempt.decide().code == "unavailable"
        house.store.lost = False
    assert house.sign_in("ana").success
