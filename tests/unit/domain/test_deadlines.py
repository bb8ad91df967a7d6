"""Deadlines in business days, by the Brazilian calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendar.brazil import BrazilianDays
from domain.errors import ConfigurationError
from domain.policies.deadlines import (
    NOTICE_DAYS,
    SUPPLEMENT_DAYS,
    business_days_between,
    is_business_day,
    kept_until,
    last_day,
)

NATIONAL, SP = BrazilianDays(), BrazilianDays("SP")


@pytest.mark.parametrize(
    ("known", "last", "why"),
    [
        (date(2026, 11, 25), date(2026, 11, 30), "Wednesday: Thursday, Friday, Monday"),
        (date(2026, 11, 27), date(2026, 12, 2), "Friday: the week-end does not count"),
        (date(2026, 11, 28), date(2026, 12, 2), "Saturday: as if it were Friday"),
        (date(2026, 2, 13), date(2026, 2, 18), "Carnival Monday and Tuesday, Ash Wednesday are optional: they count"),
        (date(2026, 4, 1), date(2026, 4, 7), "Good Friday (3 April 2026) does not count"),
        (date(2027, 3, 24), date(2027, 3, 30), "Good Friday moves with Easter (26 March 2027)"),
        (date(2026, 6, 3), date(2026, 6, 8), "Corpus Christi (4 June 2026) is optional: it counts"),
        (date(2026, 12, 30), date(2027, 1, 5), "over the year's end: 31 December counts, 1 January does not"),
        (date(2026, 12, 23), date(2026, 12, 29), "Christmas; the 24th is no holiday"),
        (date(2028, 2, 28), date(2028, 3, 2), "29 February of a leap year counts"),
        (date(2027, 2, 26), date(2027, 3, 3), "no 29 February in 2027"),
        (date(2026, 11, 18), date(2026, 11, 24), "20 November is a national holiday since 2024"),
        (date(2023, 11, 17), date(2023, 11, 22), "and was none in 2023"),
    ],
    ids=lambda value: value.replace(" ", "-")[:40] if isinstance(value, str) else str(value),
)
def test_three_business_days_begin_the_day_after(known: date, last: date, why: str) -> None:
    assert last_day(known, NOTICE_DAYS, NATIONAL.is_holiday) == last, why


def test_twenty_business_days_from_the_notification() -> None:
    assert last_day(date(2026, 11, 30), SUPPLEMENT_DAYS, NATIONAL.is_holiday) == date(2026, 12, 29)


def test_a_states_holiday_counts_only_where_the_state_is_named() -> None:
    assert last_day(date(2026, 7, 8), NOTICE_DAYS, NATIONAL.is_holiday) == date(2026, 7, 13)
    assert last_day(date(2026, 7, 8), NOTICE_DAYS, SP.is_holiday) == date(2026, 7, 14)


def test_a_day_ends_at_local_midnight() -> None:
    late = datetime(2026, 11, 26, 2, 30, tzinfo=UTC)
    assert NATIONAL.local_day(late) == date(2026, 11, 25)
    assert NATIONAL.end_of(date(2026, 11, 25)) == datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


@given(start=st.dates(date(2024, 1, 1), date(2080, 1, 1)), days=st.integers(0, 40))
def test_the_last_day_is_a_business_day_with_exactly_so_many_before_it(start: date, days: int) -> None:
    last = last_day(start, days, NATIONAL.is_holiday)

    assert business_days_between(start, last, NATIONAL.is_holiday) == days
    assert days == 0 or is_business_day(last, NATIONAL.is_holiday)
    assert business_days_between(last, start, NATIONAL.is_holiday) == -days
    assert last_day(start + timedelta(days=1), days, NATIONAL.is_holiday) >= last


def test_the_register_is_kept_five_years_also_from_29_february() -> None:
    assert kept_until(date(2026, 11, 25)) == date(2031, 11, 25)
    assert kept_until(date(2028, 2, 29)) == date(2033, 3, 1)


@pytest.mark.parametrize(
    "given_", [{"state": "XX"}, {"state": "sp"}, {"time_zone": "Mars/Olympus"}, {"time_zone": "../x"}]
)
def test_a_calendar_that_does_not_exist_is_said_so(given_: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="FACEAUTH_"):
        BrazilianDays(**given_)
