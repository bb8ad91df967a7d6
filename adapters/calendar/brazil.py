"""Brazilian holidays by the ``holidays`` library, and the hospital's local time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from domain.errors import ConfigurationError

STATES: Final = frozenset(name for name in holidays.list_supported_countries()["BR"] if len(name) == 2)  # noqa: PLR2004


class BrazilianDays:
    """``application.ports.business_days.BusinessDays``: national holidays, and those of one state where it is named.

    Carnival, Ash Wednesday and Corpus Christi are optional days, no holidays: they count as business days, so that a
    deadline never comes out later than a strict reader of the law would set it.
    """

    def __init__(self, state: str = "", time_zone: str = "America/Sao_Paulo") -> None:
        """``state`` is a letter code ("SP") or "". Raises ``ConfigurationError``."""
        if state and state not in STATES:
            raise ConfigurationError(f"FACEAUTH_HOLIDAYS_STATE is one of {', '.join(sorted(STATES))}, or unset")
        try:
            self._zone = ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise ConfigurationError(
                "FACEAUTH_TIME_ZONE is the name of a time zone, such as America/Sao_Paulo"
            ) from None
        self._state = state

    def is_holiday(self, day: date) -> bool:
        """Say whether that is a national holiday, or one of the state."""
        return day in _holidays(day.year, self._state)

    def local_day(self, moment: datetime) -> date:
        """Return the local calendar day of an aware moment."""
        return self.local(moment).date()

    def end_of(self, day: date) -> datetime:
        """Return the midnight after that local day, aware UTC."""
        return datetime.combine(day + timedelta(days=1), time(), self._zone).astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """Return the moment in local time."""
        return moment.astimezone(self._zone)


@cache
def _holidays(year: int, state: str) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BR", years=year, subdiv=state or None))
