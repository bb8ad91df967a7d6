"""The hospital's calendar: which days are holidays, and which local day a moment belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import date, datetime


class BusinessDays(Protocol):
    """Holidays and local days, where the hospital is."""

    def is_holiday(self, day: date) -> bool:
        """Say whether nobody has to work on that day by law. Week-ends and optional days are no holidays."""
        ...

    def local_day(self, moment: datetime) -> date:
        """Return the local calendar day of an aware moment."""
        ...

    def end_of(self, day: date) -> datetime:
        """Return when that local day is over: the midnight after it, aware UTC."""
        ...

    def local(self, moment: datetime) -> datetime:
        """Return the moment in local time."""
        ...
