"""What a filter form asks for, parsed: each fault belongs to its field."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from entrypoints.http.console.page import Look
from entrypoints.http.console.times import ZONE

ROWS: Final = 50
"""Rows on a page."""
MAX_PAGE: Final = 10_000
MAX_POSITION_DIGITS: Final = 15
CODE: Final = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")


@dataclass(slots=True)
class Filters:
    """Values by field as they came, and faults by field as keys of strings."""

    look: Look
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Return one of ``allowed``, or None where nothing is chosen."""
        value = self._text(name)
        if value and value not in allowed:
            self.errors[name] = "error_choice"
            return None
        return value or None

    def department(self) -> str | None:
        """Return which department is meant: one's own, one that is chosen, or None for all; a wall stands around it."""
        if self.look.reach is not None:
            asked = self._text("department")
            if asked and asked != self.look.reach:
                self.errors["department"] = "error_choice"
            return self.look.reach
        return self.choice("department", self.look.departments())

    def code(self, name: str) -> str | None:
        """Return a code such as a reason or the beginning of an event's name."""
        value = self._text(name)
        if value and not CODE.fullmatch(value):
            self.errors[name] = "error_code"
            return None
        return value or None

    def event(self, name: str) -> str | None:
        """Return an event's name as the index takes it: whole words of it, such as consent or consent.granted."""
        value = self.code(name)
        return value.rstrip(".") if value else None

    def uuid(self, name: str) -> UUID | None:
        """Return an id."""
        value = self._text(name)
        try:
            return UUID(value) if value else None
        except ValueError:
            self.errors[name] = "error_id"
            return None

    def period(self, days: int | None = None) -> tuple[datetime | None, datetime | None]:
        """Return (first moment, moment after the last) of the days ``since`` to ``until`` where the hospital is.

        Without either: the last ``days`` days, or no period at all.
        """
        since, until = self._day("since"), self._day("until")
        if since is None and until is None and days is not None and not self.errors.keys() & {"since", "until"}:
            until = self.look.services.clock.now().astimezone(ZONE).date()
            since = until - timedelta(days=days - 1)
            self.values |= {"since": since.isoformat(), "until": until.isoformat()}
        if since is not None and until is not None and since > until:
            self.errors["until"] = "error_period"
            return None, None
        return (
            None if since is None else _midnight(since),
            None if until is None else _midnight(until + timedelta(days=1)),
        )

    def day_after(self, name: str) -> datetime | None:
        """Return the moment after a day, so that the day itself is in the period before it."""
        day = self._day(name)
        return None if day is None else _midnight(day + timedelta(days=1))

    def moment(self, name: str) -> datetime | None:
        """Return a local date and time, of a browser's field or with an offset of its own."""
        value = self._text(name)
        try:
            moment = datetime.fromisoformat(value) if value else None
        except ValueError:
            self.errors[name] = "error_moment"
            return None
        if moment is None:
            return None
        if not 2000 <= moment.year <= 2200:  # noqa: PLR2004 - years in which there may be history
            self.errors[name] = "error_moment"
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)

    def step(self, name: str, most: int) -> int | None:
        """Return a position of a slider."""
        value = self._text(name)
        if not value:
            return None
        if not value.isdecimal() or int(value[:9]) > most:
            self.errors[name] = "error_choice"
            return None
        return int(value[:9])

    def position(self, name: str) -> int | None:
        """Return a position in the history."""
        value = self._text(name)
        if value and not (value.isdecimal() and len(value) <= MAX_POSITION_DIGITS):
            self.errors[name] = "error_position"
            return None
        return int(value) if value else None

    def page(self) -> int:
        """Return the number of the page, from 1."""
        value = self._text("page") or "1"
        if not value.isdecimal() or not 1 <= int(value[:6]) <= MAX_PAGE:
            self.errors["page"] = "error_page"
            return 1
        return int(value[:6])

    def link(self, **changed: str) -> str:
        """Return the query of the same question with something changed."""
        return "?" + urlencode({name: value for name, value in (self.values | changed).items() if value})

    def paging(self, page: int, *, more: bool) -> dict[str, str | None]:
        """Return the links to the pages before and after."""
        return {
            "newer": self.link(page=str(page - 1)) if page > 1 else None,
            "older": self.link(page=str(page + 1)) if more else None,
        }

    def _day(self, name: str) -> date | None:
        value = self._text(name)
        try:
            day = date.fromisoformat(value) if value else None
        except ValueError:
            day = date.min
        if day is not None and not date(2000, 1, 1) <= day <= date(2200, 1, 1):
            self.errors[name] = "error_day"
            return None
        return day

    def _text(self, name: str) -> str:
        value = self.look.query.get(name, "").strip()[:100]
        self.values[name] = value
        return value


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)
