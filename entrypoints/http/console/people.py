"""People: finding one, what is known of them now, and their history."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from application import history, timeline
from application import requests as desk
from application.ports.selection import Selection
from domain.errors import NotFoundError
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS, READERS
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.requests import rows_in_words
from entrypoints.http.console.story import line

STATUSES: Final = ("active", "open", "sealed", "suspended", "revoked", "erased")
RECENT: Final = 10
MAX_WHO_CHARACTERS: Final = 100


class PeoplePage(Page):
    """Search by id or username, and the enrolments of a department, by id: nobody's name before somebody is chosen."""

    path = "/console/people"
    title = "people"
    template = "people.html"
    section = "people"
    in_nav = True
    form_roles = READERS

    def show(self, look: Look) -> Shown:
        """Return a page of enrolments."""
        filters = Filters(look)
        equal = {"department": filters.department(), "status": filters.choice("status", STATUSES)}
        page = filters.page()
        shown: Shown = {"filters": filters, "errors": filters.errors, "statuses": STATUSES, "rows": None}
        if filters.errors:
            return shown
        look.services.projector.catch_up()
        rows = look.services.read_models.newest(
            "enrollment_rows",
            Selection({name: value for name, value in equal.items() if value is not None}),
            by="created_at",
            limit=ROWS + 1,
            skip=(page - 1) * ROWS,
        )
        return shown | {"rows": rows[:ROWS], "paging": filters.paging(page, more=len(rows) > ROWS), "number": page}

    def take(self, look: Look) -> Shown | str:
        """Go to whoever was named; a form, so that no username stands in an address."""
        who = str(look.form.get("who", "")).strip()[:MAX_WHO_CHARACTERS]
        if not who:
            return self.show(look) | {"errors": {"who": "error_who"}}
        with suppress(NotFoundError):
            subject_id = history.subject_of(look.services.store, look.services.vault, who)
            look.check_subject(subject_id)
            return f"/console/people/{subject_id}"
        # The same words for nobody and for somebody behind a wall.
        return self.show(look) | {"errors": {"who": "error_nobody"}, "status": 404}


class PersonPage(Page):
    """What is known of one person now."""

    path = "/console/people/{subject_id:uuid}"
    title = "person"
    template = "person.html"
    section = "people"

    def show(self, look: Look) -> Shown:
        """Return names, enrolments, consents, sessions and the newest attempts; recorded as a view."""
        subject_id: UUID = look.path["subject_id"]
        look.check_subject(subject_id)
        look.viewing(subject_id, "person")
        models, whose = look.services.read_models, {"subject_id": subject_id}
        enrolments = models.newest("enrollment_rows", Selection(whose), by="created_at", limit=RECENT)
        accounts = models.rows("account_rows", whose)
        # What happened behind the walls stays there.
        here = whose if look.reach is None else {**whose, "department": look.reach}
        return {
            "subject_id": subject_id,
            "names": look.names_of((accounts or enrolments)[0]) if accounts or enrolments else {},
            "enrolments": [row for row in enrolments if look.reach in {None, row["department"]}],
            "consents": models.rows("consent_rows", whose),
            "sessions": models.newest("session_rows", Selection(here), by="opened_at", limit=RECENT),
            "attempts": models.newest("auth_log_rows", Selection(here), by="started_at", limit=RECENT),
            "requests": self._requests(look, subject_id) if look.officer else [],
            "erasures": models.rows("erasure_rows", whose),
        }

    def _requests(self, look: Look, subject_id: UUID) -> list[dict[str, Any]]:
        found = desk.listing(look.services, subject_id=subject_id, department=look.reach)
        return rows_in_words(found, look.language)[:RECENT]


class TimelinePage(Page):
    """Everything that happened to one person, the newest first."""

    path = "/console/people/{subject_id:uuid}/timeline"
    title = "timeline"
    template = "timeline.html"
    section = "people"
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return a page of lines at or before ``up_to``; recorded as a view."""
        subject_id: UUID = look.path["subject_id"]
        look.check_subject(subject_id)
        filters = Filters(look)
        kind, up_to = filters.event("kind"), filters.position("up_to")
        shown: Shown = {"filters": filters, "errors": filters.errors, "subject_id": subject_id, "rows": None}
        if filters.errors:
            return shown
        look.viewing(subject_id, "timeline")
        before = None if up_to is None else up_to + 1
        found = timeline.page(
            look.services, subject_id, department=look.reach, event=kind, before=before, limit=ROWS + 1
        )
        rows = found[:ROWS]
        return shown | {
            "rows": [line(look, each) for each in rows],
            "older": filters.link(up_to=str(rows[-1].position - 1)) if len(found) > ROWS else None,
        }
