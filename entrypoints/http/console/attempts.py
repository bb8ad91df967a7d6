"""Attempts: the list, and one of them."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from application import history
from application.explain import explain
from application.ports.selection import Selection
from domain.attempt import (
    ABANDONED,
    AWAITING_FACTOR,
    FALLBACK_OFFERED,
    FALLBACK_REFUSED,
    FALLBACK_SUCCEEDED,
    REFUSED,
    STARTED,
    SUCCEEDED,
)
from domain.errors import NotFoundError
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.story import told

STATES: Final = (
    SUCCEEDED,
    REFUSED,
    ABANDONED,
    AWAITING_FACTOR,
    FALLBACK_OFFERED,
    FALLBACK_SUCCEEDED,
    FALLBACK_REFUSED,
    STARTED,
)
SCORES: Final = ("similarity", "margin", "threshold", "gallery_size", "pad_median", "pad_decision", "quality")
FACTS: Final = (
    "department",
    "mode",
    "state",
    "code",
    "reason",
    "next_step",
    "started_at",
    "ended_at",
    "frames_received",
    "frames_judged",
    "frames_usable",
    "claimed",
    "policy",
)
TABLE: Final = "auth_log_rows"
MOST_EVENTS: Final = 200
"""A session that an attempt opened may be refreshed a thousand times."""
NO_ATTEMPT: Final = "no such attempt"


class AttemptsPage(Page):
    """The newest attempts, by department, outcome, reason, person and period."""

    path = "/console/attempts"
    title = "attempts"
    template = "attempts.html"
    section = "attempts"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return a page of attempts; asking for one person's is a view of that person."""
        filters = Filters(look)
        department = filters.department()
        equal: dict[str, Any] = {
            "department": department,
            "state": filters.choice("state", STATES),
            "reason": filters.code("reason"),
            "subject_id": filters.uuid("subject"),
        }
        since, before = filters.period()
        page = filters.page()
        shown: Shown = {"filters": filters, "errors": filters.errors, "states": STATES, "rows": None}
        if filters.errors:
            return shown
        if equal["subject_id"] is not None:
            look.check_subject(equal["subject_id"])
            look.viewing(equal["subject_id"], "attempts")
        look.services.projector.catch_up()
        which = Selection({k: v for k, v in equal.items() if v is not None}, (), "started_at", since, before)
        skip = (page - 1) * ROWS
        rows = look.services.read_models.newest(TABLE, which, by="started_at", limit=ROWS + 1, skip=skip)
        return shown | {"rows": rows[:ROWS], "paging": filters.paging(page, more=len(rows) > ROWS), "number": page}


class AttemptPage(Page):
    """One attempt: its facts, and for officers its scores and its events."""

    path = "/console/attempts/{attempt_id:uuid}"
    title = "attempt"
    template = "attempt.html"
    section = "attempts"

    def show(self, look: Look) -> Shown:
        """Return the attempt; where it is somebody's, this is a view of that person."""
        attempt_id: UUID = look.path["attempt_id"]
        look.services.projector.catch_up()
        rows = look.services.read_models.rows(TABLE, {"attempt_id": attempt_id})
        if not rows:
            raise NotFoundError(NO_ATTEMPT)
        row = rows[0]
        look.check_department(row["department"])
        if row["subject_id"] is not None:
            look.viewing(row["subject_id"], "attempt")
        shown: Shown = {"row": row, "facts": FACTS, "scores": SCORES if look.officer else (), "events": None}
        if look.officer:
            found = history.events(look.services, attempt_id=attempt_id, department=look.reach, limit=MOST_EVENTS)
            shown |= {"why": explain(look.services, attempt_id), "events": [told(look, event) for event in found]}
        return shown
