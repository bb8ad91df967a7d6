"""The browser of events: all that is in the history, the newest first, nobody's name opened."""

from __future__ import annotations

from application import history
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.story import told


class EventsPage(Page):
    """Events by kind and actor, up to a position; of one's department, or of all."""

    path = "/console/events"
    title = "events"
    template = "events.html"
    section = "events"
    in_nav = True
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return up to a page of events at or before ``up_to``."""
        filters = Filters(look)
        department, kind, actor = filters.department(), filters.event("kind"), filters.code("actor")
        up_to = filters.position("up_to")
        shown: Shown = {"filters": filters, "errors": filters.errors, "rows": None}
        if filters.errors:
            return shown
        found = list(
            history.events(
                look.services,
                department=department,
                actor=actor,
                event=kind,
                before=None if up_to is None else up_to + 1,
                limit=ROWS + 1,
                newest_first=True,
            )
        )
        rows = found[:ROWS]
        return shown | {
            "rows": [told(look, event) for event in rows],
            "older": filters.link(up_to=str(rows[-1].position - 1)) if len(found) > ROWS else None,
        }
