"""The incident register: entries with their clocks, one entry whole, whom it reaches, and draft notices."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

from starlette.responses import Response

from application import incidents
from application.incident_drafts import RECIPIENTS, draft, markdown
from application.incidents import Clock
from application.ports.selection import Selection
from application.projections.incidents import TABLE
from application.services import Services
from domain.errors import InvalidInputError
from domain.incident import CATEGORIES, CAUSES, CLOSED, KINDS, NOTIFIABLE, Incident
from entrypoints.documents import making
from entrypoints.documents.gathering import responsible
from entrypoints.documents.incident import draft_report, incident_document
from entrypoints.http.console.downloads import Download, attachment
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import MAX_TEXT_FORM_BYTES, REFUSALS, Form
from entrypoints.http.console.page import Look, Page, Shown

PATH: Final = "/console/incidents"
ONE: Final = PATH + "/{incident_id:uuid}"
MARKDOWN: Final = "md"
DRAFT_FORMS: Final = (making.HTML, making.PDF, MARKDOWN)
STATUSES: Final = ("open", "assessed", CLOSED)
MOST_WATCHED: Final = 200
"""Open incidents whose clocks the dashboard looks at; a register with more has other worries."""


class IncidentsPage(Page):
    """The register, what became known last first, without a word of what staff wrote."""

    path = PATH
    title = "incidents"
    template = "incidents.html"
    section = "incidents"
    in_nav = True
    roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return a page of it."""
        filters = Filters(look)
        status = filters.choice("status", STATUSES)
        page = filters.page()
        shown: Shown = {"filters": filters, "errors": filters.errors, "statuses": STATUSES, "rows": None}
        if filters.errors:
            return shown
        services = look.services
        services.projector.catch_up()
        which = Selection({"status": status} if status else {})
        skip = (page - 1) * ROWS
        rows = services.read_models.newest(TABLE, which, by="known_at", limit=ROWS + 1, skip=skip)
        return shown | {
            "rows": [row | {"clocks": row_clocks(services, row)} for row in rows[:ROWS]],
            "paging": filters.paging(page, more=len(rows) > ROWS),
            "number": page,
        }


class OpenPage(Page):
    """The form by which an incident is entered."""

    path = PATH + "/new"
    title = "incident_new"
    template = "incident_new.html"
    section = "incidents"
    roles = OFFICERS
    form_roles = OFFICERS
    form_bytes = MAX_TEXT_FORM_BYTES
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return it, empty."""
        return self._shown(Form(look))

    def take(self, look: Look) -> Shown | str:
        """Enter it, and go to it."""
        form = Form(look)
        known_at = form.past("known_at")
        nature, cause = form.choice("nature", KINDS), form.choice("cause", CAUSES)
        form.required("nature", nature)
        form.required("cause", cause)
        categories = form.many("categories", CATEGORIES)
        description = form.words("description")
        if form.errors:
            return self._shown(form)
        try:
            opened = incidents.open_incident(
                look.services,
                known_at=known_at,
                kind=nature or "",
                cause=cause or "",
                categories=categories,
                description=description,
                act=look.act,
            )
        except REFUSALS as error:
            return self._shown(form) | {"status": form.refused(error)}
        return f"{PATH}/{opened.id}?done=opened"

    def _shown(self, form: Form) -> Shown:
        return {
            "filters": form,
            "errors": form.errors,
            "natures": KINDS,
            "causes": CAUSES,
            "categories": CATEGORIES,
        }


class IncidentPage(Page):
    """One incident: all facts, clocks, what can be done next, drafts."""

    path = ONE
    title = "incident"
    template = "incident.html"
    section = "incidents"
    roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return it, words opened; it names nobody of whom it reaches."""
        it = incidents.find(look.services, look.path["incident_id"])
        return {
            "incident": incident_document(look.services, it),
            "clocks": clocks_of(look.services, it),
            "steps": steps_of(it),
            "recipients": RECIPIENTS,
            "draft_forms": DRAFT_FORMS,
            "document_forms": list(making.FORMATS),
            "done": {"opened": "incident_opened", "recorded": "recorded"}.get(look.query.get("done", "")),
        }


class AffectedPage(Page):
    """Whom an incident reaches, by id: a page of its own, since each look is on record for each of them."""

    path = ONE + "/affected"
    title = "affected"
    template = "affected.html"
    section = "incidents"
    roles = OFFICERS
    form_roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return the counts, and the question whether to go on."""
        it = incidents.find(look.services, look.path["incident_id"])
        return self._shown(it)

    def take(self, look: Look) -> Shown | str:
        """Return the ids, recorded before; a form, so that no reload and no link repeats it unasked."""
        it = incidents.find(look.services, look.path["incident_id"])
        form = Form(look)
        try:
            found = incidents.people(look.services, it, act=look.act)
        except InvalidInputError:
            form.errors["whole"] = "error_not_assessed" if it.affected is None else "error_other_list"
            return self._shown(it) | {"errors": form.errors, "status": 409}
        return self._shown(it) | {"people": found.subjects}

    def _shown(self, it: Incident) -> Shown:
        return {"incident_id": it.id, "affected": it.affected, "people": None, "errors": {}}


class DraftFile(Download):
    """A draft notice: to ANPD, or to the people."""

    path = ONE + "/draft"

    def give(self, look: Look) -> Response:
        """Make it. Raises ``InvalidInputError``, ``NotFoundError``."""
        to, form = look.query.get("to", ""), look.query.get("format", "")
        if to not in RECIPIENTS or form not in DRAFT_FORMS:
            raise InvalidInputError(f"drafts are to {' or '.join(RECIPIENTS)}, as {', '.join(DRAFT_FORMS)}")
        services = look.services
        it = incidents.find(services, look.path["incident_id"])
        found = draft(services, it, to, responsible(look.app.settings))
        name = f"faceauth-{to}-{str(it.id)[:8]}.{form}"
        if form == MARKDOWN:
            return attachment(name, markdown(found).encode("utf-8", "replace"), "text/markdown; charset=utf-8")
        content = making.encoded(draft_report(found), form, made_at=services.clock.now())
        return attachment(name, content, making.FORMATS[form])


def clocks_of(services: Services, it: Any) -> list[dict[str, Any]]:
    """Return the deadlines of an incident as ``told_clock``."""
    return [told_clock(each) for each in incidents.clocks(it, services.calendar, services.clock.now())]


def row_clocks(services: Services, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the deadlines of an incident's row; none of one that is closed."""
    if row["status"] == CLOSED:
        return []
    risk = row["risk"] or ""
    return clocks_of(services, SimpleNamespace(**row, notifiable=risk in {"", *NOTIFIABLE}))


def told_clock(clock: Clock) -> dict[str, Any]:
    """Return a deadline with the tone and the key of the words that say how it stands, and the days that they count."""
    tone, key, days = "", f"clock_{clock.state}", abs(clock.left or 0)
    match clock.state:
        case incidents.OVERDUE:
            tone, key = "bad", ("clock_overdue" if not days else "clock_overdue_1" if days == 1 else "clock_overdue_n")
        case incidents.LATE:
            tone = "bad"
        case incidents.DONE:
            tone = "good"
        case incidents.DUE:
            tone = "warn" if clock.warns else ""
            key = "clock_today" if not days else "clock_left_1" if days == 1 else "clock_left_n"
    return {"name": clock.name, "last_day": clock.last_day, "tone": tone, "key": key, "days": days, "left": clock.left}


def watched(services: Services) -> list[tuple[UUID, dict[str, Any]]]:
    """Return (incident, clock) for every deadline that still runs, those of what became known first."""
    services.projector.catch_up()
    found = []
    for status in STATUSES[:2]:
        which = Selection({"status": status})
        rows = services.read_models.newest(TABLE, which, by="known_at", limit=MOST_WATCHED, oldest=True)
        found += [(row["incident_id"], clock) for row in rows for clock in row_clocks(services, row)]
    return [(key, clock) for key, clock in found if clock["left"] is not None]


def steps_of(it: Incident) -> list[str]:
    """Return what can be done with an incident now, in the order in which it is done."""
    if it.status == CLOSED:
        return []
    steps = ["assess"]
    if it.authority_at is None:
        steps.append("notify-authority")
    else:
        steps.append("supplement")
    if it.subjects_at is None:
        steps.append("notify-subjects")
    told = it.authority_at is not None and it.subjects_at is not None
    supplemented = not it.preliminary or it.supplemented_at is not None
    if it.status != STATUSES[0] and supplemented and (told or not it.notifiable):
        steps.append("close")
    return steps
