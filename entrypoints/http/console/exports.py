"""Exports: what is wanted is asked by a form, measured, given as a file with its manifest, and written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from application import history
from application.exporting.job import KIND, STREAM_KIND, Job
from application.ports.event_index import Wanted
from application.ports.tokens import Principal
from application.services import Services
from domain.errors import ExportError, InvalidInputError, NotFoundError
from domain.roles import EVERYWHERE
from entrypoints.exporting import FORMATS
from entrypoints.http.console.filters import Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import Form
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.exports import asked

PATH: Final = "/console/exports"
MOST_TOKEN_CHARACTERS: Final = 8_000
SHOWN: Final = 20
WINDOW: Final = 100
MOST_LOOKED_AT: Final = 500
"""Entries of the journal opened for one page of the history of exports."""
REFUSED: Final = {"export_too_large": "error_too_large", "in_progress": "error_running"}
FIELDS: Final = ("since", "until", "department", "event", "actor")
LAST_MOMENT: Final = timedelta(microseconds=1)


class ExportsPage(Page):
    """The form; what is ready to be taken; and, for the whole house, the exports that were made."""

    path = PATH
    title = "exports"
    template = "exports.html"
    section = "exports"
    in_nav = True
    roles = OFFICERS
    form_roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return the form, filled in as it was sent where the answer came back here."""
        filters = Filters(look)
        filters.choice("format", FORMATS)
        filters.department()
        filters.period()
        filters.code("event")
        filters.code("actor")
        filters.choice("bom", {"1"})
        refused = look.query.get("refused", "")
        if refused in REFUSED:
            filters.errors["whole"] = REFUSED[refused]
        token, ready = look.query.get("ready", ""), None
        if token:
            ready = job_of(look.services, look.principal, token)
        return self._shown(look, filters, filters.position("up_to")) | {
            "ready": ready,
            "token": token,
            "part": ready.parts[0] if ready and ready.parts else None,
        }

    def take(self, look: Look) -> Shown | str:
        """Take down what is wanted, signed, and go on to measure it."""
        form = Form(look)
        shape = form.choice("format", FORMATS)
        form.required("format", shape)
        department, (since, before) = form.department(), form.period()
        event, actor = form.code("event"), form.code("actor")
        bom = form.choice("bom", {"1"})
        if bom and shape not in {"csv", None}:
            form.errors["bom"] = "error_bom"
        if form.errors:
            return self._shown(look, form, None)
        wanted = {
            "format": shape,
            "since": since.isoformat() if since else None,
            "until": (before - LAST_MOMENT).isoformat() if before else None,
            "department": department,
            "event": event,
            "actor": actor,
            "bom": bom,
        }
        try:
            job, _ = asked(look.services, look.principal, {name: value for name, value in wanted.items() if value})
        except InvalidInputError:
            form.errors["event"] = "error_code"
            return self._shown(look, form, None)
        said = {name: form.values.get(name, "") for name in (*FIELDS, "format", "bom")}
        kept = urlencode({name: value for name, value in said.items() if value})
        return f"{PATH}/prepared?" + urlencode({"job": token_of(look.services, job), "said": kept})

    def _shown(self, look: Look, filters: Filters, up_to: int | None) -> Shown:
        rows, older = _made(look.services, up_to) if look.reach is None else ([], 0)
        return {
            "filters": filters,
            "errors": filters.errors,
            "formats": FORMATS,
            "ready": None,
            "token": "",
            "part": None,
            "rows": rows,
            "older": "?" + urlencode({"up_to": older}) if older else None,
        }


def token_of(services: Services, job: Job) -> str:
    """Return a job as text for an address: signed, so that nobody changes what is asked for."""
    envelope = job.state(services)
    return ".".join(envelope[part] for part in ("protected", "payload", "signature"))


def job_of(services: Services, principal: Principal, token: str) -> Job:
    """Return the job of a token.

    Raises ``NotFoundError`` for anybody but the one who asked for it, and beyond their walls, and ``InvalidInputError``
    for what is no token of ours.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MOST_TOKEN_CHARACTERS or not token.isascii():  # noqa: PLR2004 - as a JWS is made
        raise InvalidInputError("ask for the export anew")
    try:
        job = Job.resumed(services, dict(zip(("protected", "payload", "signature"), parts, strict=True)))
    except ExportError:
        raise InvalidInputError("ask for the export anew") from None
    if job.actor != principal.actor or principal.department not in {EVERYWHERE, job.selection.department}:
        raise NotFoundError("no such export")
    return job


def _made(services: Services, up_to: int | None) -> tuple[list[dict[str, Any]], int]:
    """Return the exports written down at or before a position, the newest first, and where to go on (0: no more)."""
    wanted = Wanted(event="journal", before=None if up_to is None else up_to + 1)
    rows: list[dict[str, Any]] = []
    last = 0
    for page in history.lines(services, wanted, MOST_LOOKED_AT, newest_first=True, size=WINDOW):
        for event in reversed(services.store.at([line.position for line in page])):
            last = event.position
            if event.fields.get("kind") not in {KIND, STREAM_KIND}:
                continue
            document = history.as_document(event, services.vault)
            rows.append(document["data"]["facts"] | {name: document[name] for name in ("at", "actor", "channel")})
            if len(rows) == SHOWN:
                return rows, last - 1
        if len(page) < WINDOW:
            return rows, 0
    return rows, max(0, last - 1)
