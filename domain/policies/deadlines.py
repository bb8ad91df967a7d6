"""Deadlines in business days: the day of the event does not count, the last day counts whole."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NOTICE_DAYS: Final = 3
"""To tell ANPD and the people (Res. CD/ANPD 15/2024, art. 6 and 9)."""

SUPPLEMENT_DAYS: Final = 20
"""To supplement, from the day of the notification (art. 6, 3rd paragraph)."""

REGISTER_YEARS: Final = 5
"""That the register is kept, counted from the entry (art. 10)."""

SATURDAY: Final = 5


def is_business_day(day: date, holiday: Callable[[date], bool]) -> bool:
    """Say whether that is neither of a week-end nor a holiday."""
    return day.weekday() < SATURDAY and not holiday(day)


def last_day(start: date, days: int, holiday: Callable[[date], bool]) -> date:
    """Return the last day of a period of so many business days that begins the day after ``start``."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        days -= is_business_day(day, holiday)
    return day


def business_days_between(start: date, end: date, holiday: Callable[[date], bool]) -> int:
    """Return how many business days lie after ``start`` up to and including ``end``; negative the other way round."""
    if end < start:
        return -business_days_between(end, start, holiday)
    return sum(is_business_day(start + timedelta(days=n), holiday) for n in range(1, (end - start).days + 1))


def kept_until(entered: date) -> date:
    """Return the first day on which an entry need not be in the register any more."""
    year = entered.year + REGISTER_YEARS
    try:
        return entered.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)
