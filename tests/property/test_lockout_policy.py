"""How often somebody may fail, and how long they wait then: properties of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.policies.lockout import (
    ADDRESS,
    CLAIM,
    CLAIM_AT_ADDRESS,
    CLAIM_AT_DEVICE,
    DEPARTMENT,
    DEVICE,
    LockoutPolicy,
    Rule,
    Tally,
)

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SCOPES = (CLAIM_AT_DEVICE, CLAIM_AT_ADDRESS, DEVICE, ADDRESS, CLAIM, DEPARTMENT)
STRICT = LockoutPolicy().rule(CLAIM_AT_ADDRESS)

scopes = st.sampled_from(SCOPES)
lives = st.lists(st.booleans(), max_size=130)


@st.composite
def policies(draw: st.DrawFn) -> LockoutPolicy:
    failures = draw(st.integers(1, 20))
    live = draw(st.integers(failures, 40))
    stop = draw(st.integers(failures + 1, 80))
    first = draw(st.integers(1, 120))
    longest = draw(st.integers(first, 5000))
    return LockoutPolicy(
        failures=failures,
        live_failures=live,
        stop=stop,
        live_stop=draw(st.integers(stop, 160)),
        first_wait=first * SECOND,
        longest_wait=longest * SECOND,
        department_longest_wait=longest * SECOND,
    )


def patient(rule: Rule, failures: list[bool]) -> tuple[Tally, datetime, list[timedelta]]:
    """Fail so often, after every wait that there is; return the tally, the time and what was waited."""
    tally, now, waited = Tally(), NOW, []
    for live in failures:
        if tally.stopped:
            break
        if tally.waiting(now) and tally.until is not None:
            waited.append(tally.until - now)
            now = tally.until
        tally = rule.fail(tally, now, live=live)
    return tally, now, waited


@pytest.mark.parametrize(("live", "limit", "stop"), [(False, 5, 50), (True, 10, 100)])
def test_the_numbers_are_those_of_the_standard(live: bool, limit: int, stop: int) -> None:
    tally, now, _ = patient(STRICT, [live] * (limit - 1))
    assert not tally.waiting(now)
    tally = STRICT.fail(tally, now, live=live)
    assert tally.until == now + timedelta(seconds=30)

    tally, _, waited = patient(STRICT, [live] * stop)
    assert tally.stopped
    assert tally.total == stop
    assert [wait.total_seconds() for wait in waited[:8]] == [30, 60, 120, 240, 480, 960, 1920, 3600]


def test_failures_with_and_without_a_live_person_fill_one_measure() -> None:
    tally, now, _ = patient(STRICT, [False] * 3 + [True] * 3)
    assert not tally.waiting(now)
    assert STRICT.fail(tally, now, live=True).waiting(now)


@given(policies(), scopes, lives)
def test_every_wait_is_twice_the_one_before_up_to_the_longest(
    policy: LockoutPolicy, scope: str, failures: list[bool]
) -> None:
    rule = replace(policy.rule(scope), window=None)
    _, _, waited = patient(rule, failures)
    for place, wait in enumerate(waited):
        assert wait == min(rule.first_wait * 2**place, rule.longest_wait)


@given(policies(), scopes, lives)
def test_what_only_delays_never_stops_and_what_stops_stays_stopped(
    policy: LockoutPolicy, scope: str, failures: list[bool]
) -> None:
    rule = policy.rule(scope)
    tally, now, _ = patient(rule, failures)
    if rule.stop is None:
        assert not tally.stopped
    if tally.stopped:
        assert rule.room(tally, now + timedelta(days=1000)) == 0
        assert rule.succeed(tally, now).stopped
        assert policy.expires_at(tally, now) is None
        assert not tally.released().stopped


@given(policies(), scopes, st.integers(1, 300))
def test_as_many_as_there_is_room_for_never_pass_the_limit(policy: LockoutPolicy, scope: str, askers: int) -> None:
    """Everybody asks before anybody has failed: the tries that begin are no more than the limit."""
    rule = policy.rule(scope)
    tally, begun = Tally(), 0
    for asker in range(askers):
        if rule.room(tally, NOW):
            tally = tally.with_lease(str(asker), NOW + 60 * SECOND, NOW)
            begun += 1
    assert begun == min(askers, rule.failures)
    for asker in range(begun):
        tally = rule.fail(tally.without_lease(str(asker)), NOW, live=False)
    assert tally.waiting(NOW) == (begun == rule.failures)


@given(policies(), scopes, lives)
def test_after_a_wait_one_may_try_at_a_time(policy: LockoutPolicy, scope: str, failures: list[bool]) -> None:
    rule = replace(policy.rule(scope), window=None)
    tally, _, _ = patient(rule, failures)
    if tally.until is not None and not tally.stopped:
        assert rule.room(tally, tally.until - SECOND / 2) == 0
        assert rule.room(tally, tally.until) == 1
        assert rule.room(tally.with_lease("a", tally.until + SECOND, tally.until), tally.until) == 0


def test_a_try_that_was_lost_gives_its_slot_back_by_itself() -> None:
    tally = Tally()
    for each in range(5):
        tally = tally.with_lease(str(each), NOW + 60 * SECOND, NOW)
    assert STRICT.room(tally, NOW + 59 * SECOND) == 0
    assert STRICT.room(tally, NOW + 60 * SECOND) == 5


@given(policies(), scopes, lives)
def test_a_success_begins_anew(policy: LockoutPolicy, scope: str, failures: list[bool]) -> None:
    rule = policy.rule(scope)
    tally, now, _ = patient(rule, failures)
    if not tally.stopped:
        again = rule.succeed(tally, now)
        assert (again.total, again.waits, again.until) == (0, 0, None)
        assert again.familiar(now, policy.familiar)
        assert not again.familiar(now + policy.familiar, policy.familiar)


def test_a_failure_during_a_wait_counts_but_does_not_lengthen_it() -> None:
    tally, now, _ = patient(STRICT, [False] * 5)
    later = STRICT.fail(tally, now + SECOND, live=False)
    assert (later.total, later.until) == (6, tally.until)


def test_a_department_begins_anew_with_each_window_but_not_before_its_wait_is_over() -> None:
    rule = LockoutPolicy(department_window=timedelta(minutes=1)).rule(DEPARTMENT)
    tally = Tally()
    for _ in range(99):
        tally = rule.fail(tally, NOW, live=False)
    assert rule.fail(tally, NOW + 59 * SECOND, live=False).waiting(NOW + 59 * SECOND)
    assert rule.fail(tally, NOW + 60 * SECOND, live=False).total == 1

    waiting = rule.fail(tally, NOW + 59 * SECOND, live=False)
    assert rule.room(waiting, NOW + 61 * SECOND) == 0
    assert rule.room(waiting, NOW + 89 * SECOND) == rule.failures


@pytest.mark.parametrize(
    "wrong",
    [
        {"failures": 0},
        {"failures": 11},
        {"stop": 5},
        {"live_stop": 49},
        {"first_wait": timedelta(0)},
        {"longest_wait": timedelta(seconds=29)},
    ],
)
def test_limits_that_contradict_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="lockout"):
        LockoutPolicy(**wrong)  # type: ignore[arg-type]


@given(policies(), scopes, lives)
def test_what_waits_or_failed_is_not_forgotten_before_its_time(
    policy: LockoutPolicy, scope: str, failures: list[bool]
) -> None:
    tally, now, _ = patient(policy.rule(scope), failures)
    expires_at = policy.expires_at(tally, now)
    if tally.total and not tally.stopped:
        assert expires_at is not None
        assert expires_at >= (tally.until or now) + policy.forget
