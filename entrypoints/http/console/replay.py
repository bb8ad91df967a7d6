"""The slider: a read model as it was at a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from application import page_as_of
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.times import ZONE

STEPS: Final = 1000
"""Positions of the slider, from the first event to now."""
HIDDEN: Final = frozenset({"position", "client_sealed", "sealed", "frames_judged", "frames_usable"})


class ReplayPage(Page):
    """A view and a moment; the slider and the field say the same, and whichever was moved counts."""

    path = "/console/replay"
    title = "replay"
    template = "replay.html"
    section = "replay"
    in_nav = True
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return the rows as they were, made anew from their events; ids, codes and times only."""
        filters = Filters(look)
        department = filters.department()
        view = filters.choice("view", page_as_of.VIEWS) or next(iter(page_as_of.VIEWS))
        now = look.services.clock.now()
        first = page_as_of.first_moment(look.services) or now
        moment = filters.moment("at") or now
        step, was = filters.step("step", STEPS), filters.step("was", STEPS)
        page = filters.page()
        if step is not None and step != was:
            moment = first + (now - first) * (step / STEPS)
        if timedelta(0) < first - moment < timedelta(seconds=1):
            moment = first  # the field knows seconds only
        if moment > now:
            filters.errors["at"] = "error_future"
        elif moment < first:
            filters.errors["at"] = "error_before_history"
        shown: Shown = {
            "filters": filters,
            "errors": filters.errors,
            "views": list(page_as_of.VIEWS),
            "view": view,
            "steps": STEPS,
            "step": _step(first, moment, now),
            "first": first,
            "now": now,
            "rows": None,
        }
        if filters.errors:
            return shown
        local = moment.astimezone(ZONE).replace(tzinfo=None)
        filters.values |= {"at": local.isoformat(timespec="seconds"), "step": "", "was": ""}
        skip = (page - 1) * ROWS
        rows = page_as_of.rows_as_of(look.services, view, moment, department=department, limit=ROWS, skip=skip)
        count = page_as_of.count_as_of(look.services, view, moment, department=department)
        return shown | {
            "rows": rows,
            "columns": _columns(rows),
            "count": count,
            "moment": moment,
            "number": page,
            "paging": filters.paging(page, more=count > skip + ROWS),
        }


def _step(first: datetime, moment: datetime, now: datetime) -> int:
    whole = (now - first).total_seconds()
    return STEPS if whole <= 0 else max(0, min(STEPS, round(STEPS * (moment - first).total_seconds() / whole)))


def _columns(rows: list[dict[str, object]]) -> list[str]:
    """Return the columns in which any row says anything; sealed ones stay closed and are left out."""
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value not in (None, ""))
    return [name for name in names if name not in HIDDEN and not name.endswith("_sealed")]
