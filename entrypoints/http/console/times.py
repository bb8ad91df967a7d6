"""Times as people in the hospital read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup, escape

from entrypoints.http.console.codes import NOTHING

ZONE_NAME: Final = "America/Sao_Paulo"


def _zone() -> tzinfo:
    try:
        return ZoneInfo(ZONE_NAME)
    except ZoneInfoNotFoundError:  # a machine without tzdata: no summer time since 2019
        return timezone(timedelta(hours=-3), ZONE_NAME)


ZONE: Final = _zone()
DATE: Final = {"pt": "%d/%m/%Y", "en": "%Y-%m-%d"}


def when(moment: datetime | str | None, language: str) -> Markup:
    """Return the local time to the second, with the exact one in UTC in ``datetime``; a dash for none."""
    if moment is None:
        return escape(NOTHING)
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    exact = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return Markup('<time datetime="{}">{}</time>').format(exact, f"{at.astimezone(ZONE):{DATE[language]} %H:%M:%S}")


def day(value: date, language: str) -> str:
    """Return a calendar day."""
    return f"{value:{DATE[language]}}"
