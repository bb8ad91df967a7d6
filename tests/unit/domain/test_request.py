"""A request's fifteen days, and what a clock that jumps cannot do to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.act import Act
from domain.errors import InvalidInputError, RequestStateError
from domain.request import (
    DUE_SOON,
    FIVE_DAYS,
    IDENTITY_CHECKS,
    KINDS,
    OPEN,
    OVERDUE,
    REFUSAL_REASONS,
    REVIEW,
    TWO_DAYS,
    Request,
)

NOW = datetime(2030, 1, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def act(at: datetime = NOW) -> Act:
    return Act("subject:1", "http", at, UUID(int=9))


def received(**given: Any) -> Request:
    asked: dict[str, Any] = {"subject_id": UUID(int=2), "department": "icu", "kind": "statement", "act": act()} | given
    return Request.receive(UUID(int=1), **asked)


def test_it_is_due_fifteen_calendar_days_after_it_came_weekends_included() -> None:
    assert received().due_at == datetime(2030, 1, 16, 8, 0, tzinfo=UTC)


def test_what_came_on_paper_runs_from_the_day_it_came() -> None:
    request = received(received_at=NOW - 3 * DAY, identity_check="document")

    assert request.due_at == NOW + 12 * DAY
    assert (request.received_by, request.identity_check) == ("desk", "document")


@pytest.mark.parametrize("came", [NOW + timedelta(seconds=1), NOW - 61 * DAY])
def test_nothing_comes_tomorrow_or_last_year(came: datetime) -> None:
    with pytest.raises(InvalidInputError, match="received_at"):
        received(received_at=came)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "gossip"},
        {"identity_check": "a hunch"},
        {"kind": REVIEW},
        {"kind": "statement", "attempt_id": UUID(int=3)},
    ],
)
def test_what_cannot_be_asked_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        received(**given)


def test_every_kind_and_every_check_can_be_had() -> None:
    for kind in KINDS:
        attempt = UUID(int=3) if kind == REVIEW else None
        assert received(kind=kind, attempt_id=attempt).kind == kind
    for check in IDENTITY_CHECKS:
        assert received(identity_check=check).received_by == "desk"


@pytest.mark.parametrize(
    ("days", "state", "told"),
    [
        (9.9, OPEN, []),
        (10, DUE_SOON, [FIVE_DAYS]),
        (13, DUE_SOON, [FIVE_DAYS, TWO_DAYS]),
        (15, OVERDUE, [FIVE_DAYS, TWO_DAYS, OVERDUE]),
    ],
)
def test_it_becomes_urgent_and_overdue(days: float, state: str, told: list[str]) -> None:
    request, at = received(), NOW + days * DAY

    assert request.state(at) == state
    assert request.warn(act=act(at)) == told
    assert request.state(at) == state


def test_each_threshold_is_told_once_however_often_somebody_looks() -> None:
    request = received()
    told = [name for hour in range(24 * 17) for name in request.warn(act=act(NOW + timedelta(hours=hour)))]

    assert told == [FIVE_DAYS, TWO_DAYS, OVERDUE]


def test_a_clock_that_is_set_back_makes_nothing_less_late_and_tells_nothing_twice() -> None:
    request = received()
    request.warn(act=act(NOW + 20 * DAY))

    assert request.state(NOW + DAY) == OVERDUE
    assert request.warn(act=act(NOW + DAY)) == []
    assert request.warn(act=act(NOW + 20 * DAY)) == []


def test_a_clock_set_back_after_the_first_warning_leaves_it_due_soon() -> None:
    request = received()
    request.warn(act=act(NOW + 11 * DAY))

    assert request.state(NOW - 300 * DAY) == DUE_SOON
    assert request.warn(act=act(NOW + 13 * DAY)) == [TWO_DAYS]


def test_a_closed_request_is_neither_late_nor_closed_again() -> None:
    request = received()
    request.answer("given", act=act())

    assert request.state(NOW + 100 * DAY) == "answered"
    assert request.warn(act=act(NOW + 100 * DAY)) == []
    with pytest.raises(RequestStateError):
        request.answer("given", act=act())
    with pytest.raises(RequestStateError):
        request.refuse(reason="law_prevents", act=act())
    with pytest.raises(RequestStateError):
        request.begin("erase", act=act())


@pytest.mark.parametrize("reason", REFUSAL_REASONS)
def test_every_refusal_names_its_basis_in_law(reason: str) -> None:
    request = received()
    request.refuse(reason=reason, act=act())

    assert (request.status, request.outcome, request.legal_basis) == ("refused", reason, REFUSAL_REASONS[reason])


@pytest.mark.parametrize("given", [{"reason": "no time"}, {"reason": "law_prevents", "legal_basis": "because"}])
def test_a_refusal_without_a_reason_or_a_basis_is_none(given: dict[str, str]) -> None:
    request = received()
    with pytest.raises(InvalidInputError):
        request.refuse(act=act(), **given)

    assert request.status == OPEN


def test_what_was_begun_and_cannot_be_undone_cannot_be_refused_any_more() -> None:
    request = received(kind="deletion")
    request.begin("erase", act=act())
    request.begin("erase", act=act())

    assert len(request.pending_events) == 2
    with pytest.raises(RequestStateError, match="begun"):
        request.refuse(reason="law_prevents", act=act())
