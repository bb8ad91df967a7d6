"""The officer's documents, made from what the house is now, to be taken along."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from domain.errors import InvalidInputError
from entrypoints.documents import making
from entrypoints.http.console.downloads import Download, attachment
from entrypoints.http.console.filters import Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import Form
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.times import ZONE

PATH: Final = "/console/documents"
STANDING: Final = (making.ROPA, making.RIPD, making.ENCARREGADO)
"""Those that say how things are now."""
FIRST_YEAR: Final = 2020
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")


class DocumentsPage(Page):
    """What there is, in which form, and a form for the month."""

    path = PATH
    title = "documents"
    template = "documents.html"
    section = "documents"
    in_nav = True
    roles = OFFICERS
    form_roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return the list; last month is chosen."""
        filters = Filters(look)
        today = look.services.clock.now().astimezone(ZONE).date()
        filters.values |= {"month": f"{last_month(today):%Y-%m}", "format": making.HTML}
        return self._shown(filters)

    def take(self, look: Look) -> Shown | str:
        """Go to the report of the month that was asked for."""
        form = Form(look)
        shape = form.choice("format", making.FORMATS)
        form.required("format", shape)
        month = form.text("month")
        if not is_month(month, look.services.clock.now().astimezone(ZONE).date()):
            form.errors["month"] = "error_month"
        if form.errors:
            return self._shown(form)
        return f"{PATH}/file?" + urlencode({"kind": making.MONTHLY, "format": shape or "", "month": month})

    def _shown(self, filters: Filters) -> Shown:
        return {
            "filters": filters,
            "errors": filters.errors,
            "standing": STANDING,
            "formats": list(making.FORMATS),
            "kind_of": making.MONTHLY,
        }


class DocumentFile(Download):
    """One document."""

    path = PATH + "/file"

    def give(self, look: Look) -> Response:
        """Make it. Raises ``InvalidInputError``, ``NotFoundError``, ``UnavailableError``."""
        query: Any = look.query
        kind, form = query.get("kind", ""), query.get("format", making.HTML)
        if form not in making.FORMATS:
            raise InvalidInputError(f"formats are {', '.join(making.FORMATS)}")
        try:
            incident_id = UUID(query["incident"]) if "incident" in query else None
        except ValueError:
            raise InvalidInputError("incident is a UUID") from None
        made = making.make(look.app, kind, month=query.get("month"), incident_id=incident_id)
        content = making.encoded(made.report, form, made_at=made.made_at, facts=made.facts)
        about = {making.MONTHLY: made.facts.get("month", ""), making.INCIDENT: str(incident_id)[:8]}.get(kind, "")
        when = about or f"{made.made_at.astimezone(ZONE):%Y-%m-%d}"
        return attachment(f"faceauth-{kind}-{when}.{form}", content, making.FORMATS[form])


def last_month(today: date) -> date:
    """Return the first day of the month before."""
    return date(today.year - (today.month == 1), (today.month - 2) % 12 + 1, 1)


def is_month(text: str, today: date) -> bool:
    """Say whether that is a month such as 2026-11, not one to come."""
    found = _MONTH.fullmatch(text)
    if not found or not text.isascii():
        return False
    year, month = int(found[1]), int(found[2])
    return year >= FIRST_YEAR and 1 <= month <= 12 and (year, month) <= (today.year, today.month)  # noqa: PLR2004
