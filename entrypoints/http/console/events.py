"""The browser of events: all that is in the history, the newest first, nobody's name opened."""

from __future__ import annotations

from typing import Any, Final

from application import history
from application.ports.event_store import RecordedEvent
from entrypoints.http import audit
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.story import told

WINDOW: Final = 200
MOST_WINDOWS: Final = 10
"""Events looked at for one page are 2,000 at most: who filters finely goes on by hand."""


class EventsPage(Page):
    """Events by kind and actor, up to a position."""

    path = "/console/events"
    title = "events"
    template = "events.html"
    section = "events"
    in_nav = True
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return up to a page of events at or before ``up_to``."""
        filters = Filters(look)
        kind, actor = filters.code("kind"), filters.code("actor")
        up_to = filters.position("up_to")
        shown: Shown = {"filters": filters, "errors": filters.errors, "rows": None}
        if filters.errors:
            return shown
        end = look.services.store.position() if up_to is None else up_to
        rows, after = _newest(look, end, kind or "", actor or "") if look.reach is None else _walled(look, end)
        return shown | {
            "rows": [each for each in rows if _wanted(each, kind or "", actor or "")],
            "older": filters.link(up_to=str(after)) if after else None,
        }


def _newest(look: Look, end: int, kind: str, actor: str) -> tuple[list[dict[str, Any]], int]:
    """Return events at or before a position, and the position before them (0: there are no more)."""
    found: list[dict[str, Any]] = []
    for _ in range(MOST_WINDOWS):
        begin = max(0, end - WINDOW)
        window = [event for event in look.services.store.read(begin, WINDOW) if event.position <= end]
        for event in reversed(window):
            if event.name.startswith(kind) and _actor(event).startswith(actor):
                found.append(_closed(look, event))
                if len(found) == ROWS:
                    return found, event.position - 1
        end = begin
        if not end:
            break
    return found, end


def _walled(look: Look, end: int) -> tuple[list[dict[str, Any]], int]:
    """Return the department's own events. Reads the history from its beginning, as the API does."""
    events = [e for e in audit.answer(look.services, look.principal, {}, look.act)["events"] if e["position"] <= end]
    newest = events[::-1][:ROWS]
    more = len(events) > ROWS
    return [told(event, names=False) for event in newest], newest[-1]["position"] - 1 if more else 0


def _closed(look: Look, event: RecordedEvent) -> dict[str, Any]:
    return told(history.as_document(event, look.services.vault), names=False)


def _actor(event: RecordedEvent) -> str:
    act = event.fields.get("act")
    return act.actor if act else ""


def _wanted(document: dict[str, Any], kind: str, actor: str) -> bool:
    return document["event"].startswith(kind) and (document["actor"] or "").startswith(actor)
