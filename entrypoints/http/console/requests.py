"""Requests of data subjects: by when they are due, and taking one in at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from application import requests as desk
from application.requests import Asked
from application.words.rights import KINDS, STATES, Words
from domain import request as rules
from domain.errors import InvalidInputError, NotFoundError
from entrypoints.http import whom
from entrypoints.http.console.codes import say
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.forms import Form
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import MAX_TEXT_FORM_BYTES
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.strings import LANGUAGES

PENDING: Final = "pending"
CORRECTED: Final = {f"right_{name}": name for name in desk.CORRECTABLE}
"""Fields of forms by what they correct."""

Options = list[tuple[str, str]]


def worded(table: Mapping[str, Words], language: str) -> Options:
    """Return codes and what they are called."""
    return [(code, words[LANGUAGES.index(language)]) for code, words in table.items()]


def correction_of(form: Form) -> dict[str, str]:
    """Return what a form says should be right."""
    given = {name: form.text(field) for field, name in CORRECTED.items()}
    return {name: value for name, value in given.items() if value}


def rows_in_words(found: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """Return the rows of a listing with their kinds and states in words."""
    kinds, states = dict(worded(KINDS, language)), dict(worded(STATES, language))
    return [
        row | {"kind_said": kinds.get(row["kind"], row["kind"]), "state_said": states[row["state"]]}
        for row in found["requests"]
    ]


class RequestsPage(Page):
    """The requests, those that are due first at the top."""

    path = "/console/requests"
    title = "requests"
    template = "requests.html"
    section = "requests"
    in_nav = True
    roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return a page of requests, by id: who asked is on the page of one."""
        filters = Filters(look)
        department, page = filters.department(), filters.page()
        state = filters.choice("request_state", (PENDING, *rules.STATES))
        kind = filters.choice("request_kind", rules.KINDS)
        shown: Shown = {
            "filters": filters,
            "errors": filters.errors,
            "kinds": worded(KINDS, look.language),
            "states": worded(STATES, look.language),
            "rows": None,
        }
        if filters.errors:
            return shown
        found = desk.listing(look.services, department=department, state=state, kind=kind)
        rows, skip = rows_in_words(found, look.language), (page - 1) * ROWS
        return shown | {
            "rows": rows[skip : skip + ROWS],
            "truncated": found["truncated"],
            "number": page,
            "paging": filters.paging(page, more=len(rows) > skip + ROWS),
        }


class OpenRequestPage(Page):
    """Take in what somebody asked at the desk, on paper or by telephone."""

    path = "/console/requests/new"
    title = "new_request"
    template = "request_new.html"
    section = "requests"
    roles = OFFICERS
    form_roles = OFFICERS
    form_bytes = MAX_TEXT_FORM_BYTES

    def show(self, look: Look) -> Shown:
        """Return the empty form; ``?subject=`` is whom it is about."""
        try:
            who = str(UUID(look.query.get("subject", "")))
        except ValueError:
            who = ""
        return self._form(look, Form(look, {"who": who}))

    def take(self, look: Look) -> Shown | str:
        """Take it in, and go to it."""
        form = Form(look)
        who = form.text("who", needed="error_who")
        kind = form.choice("request_kind", rules.KINDS)
        attempt_id = form.uuid("attempt")
        asked = Asked(
            kind=kind,
            identity_check=form.choice("identity_check", rules.IDENTITY_CHECKS),
            attempt_id=attempt_id,
            received_at=form.moment("received"),
            text=form.text("request_text", most=desk.LONGEST_TEXT),
            correction=correction_of(form),
        )
        if kind and (kind == rules.REVIEW) != (attempt_id is not None):
            form.errors.setdefault("attempt", "error_attempt_of_review")
        if asked.correction and kind != rules.CORRECTION:
            form.errors["request_kind"] = "error_only_corrections"
        now = look.services.clock.now()
        if asked.received_at is not None and not now - rules.OLDEST_RECEIPT <= asked.received_at <= now:
            form.errors["received"] = "error_received"
        if form.errors:
            return self._form(look, form)
        try:
            about = self._whom(look, who)
        except NotFoundError:
            # The same words for nobody and for somebody behind a wall, and no word of who was named.
            form.forget("who", "attempt")
            return self._form(look, form) | {"errors": {"who": "error_nobody"}, "status": 404}
        try:
            opened = desk.open_request(
                look.services, about.subject_id, asked, department=about.department, act=look.act
            )
        except NotFoundError:
            return self._form(look, form) | {"errors": {"attempt": "error_no_attempt"}}
        except InvalidInputError:
            return self._form(look, form) | {"errors": {"request_kind": "error_form"}}
        return f"/console/requests/{opened.id}?done=opened"

    def _whom(self, look: Look, who: str) -> whom.Whom:
        try:
            subject_id = UUID(who)
        except ValueError:
            return whom.somebody(look.app, look.principal, None, who)
        return whom.somebody(look.app, look.principal, subject_id)

    def _form(self, look: Look, form: Form) -> Shown:
        return {
            "form": form,
            "errors": form.errors,
            "kinds": worded(KINDS, look.language),
            "identity_checks": [(each, say(each, look.language)) for each in rules.IDENTITY_CHECKS],
            "corrected": [name for name in CORRECTED if name != "right_department"],
        }
