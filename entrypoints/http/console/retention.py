"""Retention: how long things are kept and by which law, what goes next, what waits, what went, and what must stay."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from application import holds
from application import retention as keeping
from application.ports.selection import Selection
from application.services import Services
from domain.errors import NotFoundError
from domain.retention import ALL, DEPARTMENT, OPEN_STATES, SCOPES, SUBJECT
from entrypoints.http.console.filters import Filters
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import REFUSALS, Form
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.retention_documents import shown_holds, survey_document

PATH: Final = "/console/retention"
HOLDS: Final = f"{PATH}/holds"
TABLE: Final = "sweep_rows"
SHOWN: Final = 30
PAGE: Final = 200
MOST_LOOKED_AT: Final = 2_000
"""Sweeps looked at for a page of history; all of it: ``faceauth retention history --all``."""
ACTIONS: Final = ("approve", "cancel")
PLACE, RELEASE = "place", "release"
REASONS: Final = ("incident", "request", "court_order", "audit", "investigation", "other")
RELEASE_REASONS: Final = ("closed", "mistake", "other")
CANCEL_REASONS: Final = ("wrong_clock", "wrong_policy", "under_review", "other")
DONE: Final = frozenset({"approve", "cancel", PLACE, RELEASE})


class RetentionPage(Page):
    """The periods for every officer; for the whole house also sweeps; a dry run of what is one's own."""

    path = PATH
    title = "retention"
    template = "retention.html"
    section = "retention"
    in_nav = True
    roles = OFFICERS
    form_roles = OFFICERS

    def show(self, look: Look) -> Shown:
        """Return it; ``?dry_run=1`` says what would go now, and deletes nothing."""
        filters = Filters(look)
        shown = self._shown(look, filters)
        if filters.choice("dry_run", {"1"}):
            found = keeping.survey(look.services, department=look.reach)
            shown["dry_run"] = [survey_document(each) for each in found]
        return shown

    def take(self, look: Look) -> Shown | str:
        """Let a sweep go on, or end it."""
        look.check_whole_house()
        form = Form(look)
        action = form.choice("action", ACTIONS)
        form.required("action", action)
        sweep_id = form.uuid("sweep")
        form.required("sweep", sweep_id)
        reason = form.choice("reason", CANCEL_REASONS)
        if action == "cancel":
            form.required("reason", reason)
        status = 422
        if not form.errors:
            try:
                _change(look, action or "", sweep_id or UUID(int=0), reason or "")
            except NotFoundError:
                form.errors["sweep"] = "error_no_sweep"
            except REFUSALS as error:
                status = form.refused(error)
        if form.errors:
            return self._shown(look, form) | {"status": status}
        return f"{PATH}?done={action}"

    def _shown(self, look: Look, filters: Filters) -> Shown:
        services, whole = look.services, look.reach is None
        index = ("", "_en")[look.language == "en"]
        policies = [
            {name: line[f"{name}{index}"] for name in ("what", "basis", "period", "at_end")}
            | {name: line[name] for name in ("category", "enforced", "setting")}
            for line in keeping.policies(services)
        ]
        done = look.query.get("done", "")
        return {
            "filters": filters,
            "errors": filters.errors,
            "policies": policies,
            "names": {line["category"]: line["what"] for line in policies},
            "waiting": waiting(services) if whole else [],
            "sweeps": upcoming(services) if whole else [],
            "history": took(services) if whole else [],
            "cancel_reasons": CANCEL_REASONS,
            "dry_run": None,
            "whole": whole,
            "done": f"done_{done}" if done in DONE else None,
        }


class HoldsPage(Page):
    """The holds. A hold over a person names them by id: whoever looks is on record."""

    path = HOLDS
    title = "holds"
    template = "holds.html"
    section = "retention"
    roles = OFFICERS
    form_roles = OFFICERS
    whole_house = True

    def show(self, look: Look) -> Shown:
        """Return those that stand, with ``?ended=1`` the others too."""
        filters = Filters(look)
        return self._shown(look, filters, ended=bool(filters.choice("ended", {"1"})))

    def take(self, look: Look) -> Shown | str:
        """Place one, or end one."""
        form = Form(look)
        action = form.choice("action", (PLACE, RELEASE))
        form.required("action", action)
        status = 422
        try:
            if action == PLACE:
                _place(look, form)
            elif action == RELEASE:
                _release(look, form)
        except REFUSALS as error:
            status = form.refused(error, (NotFoundError,), "value" if action == PLACE else "hold")
        if form.errors:
            return self._shown(look, form) | {"status": status}
        return f"{HOLDS}?done={action}"

    def _shown(self, look: Look, filters: Filters, *, ended: bool = False) -> Shown:
        done = look.query.get("done", "")
        return {
            "filters": filters,
            "errors": filters.errors,
            "rows": shown_holds(look.services, act=look.act, ended=ended),
            "ended": ended,
            "scopes": SCOPES,
            "reasons": REASONS,
            "release_reasons": RELEASE_REASONS,
            "done": f"done_{done}" if done in DONE else None,
        }


def waiting(services: Services) -> list[dict[str, Any]]:
    """Return the sweeps that have not ended, the newest first."""
    services.projector.catch_up()
    found = [row for status in OPEN_STATES for row in services.read_models.rows(TABLE, {"status": status})]
    return [keeping.document(row) for row in sorted(found, key=lambda row: row["position"], reverse=True)]


def upcoming(services: Services) -> list[dict[str, Any]]:
    """Return each category that is swept, with its last completed sweep and when the next is due."""
    return [
        {
            "category": each["category"],
            "next_at": each["next_at"],
            "last_at": each["last"]["ended_at"] if each["last"] else None,
            "last_deleted": each["last"]["deleted"] if each["last"] else None,
            "halted": each["next_at"] is None,
        }
        for each in keeping.standing(services)
    ]


def took(services: Services) -> list[dict[str, Any]]:
    """Return the newest sweeps that took something, left something held, or did not end as they should."""
    services.projector.catch_up()
    found: list[dict[str, Any]] = []
    skip = 0
    while len(found) < SHOWN:
        page = services.read_models.newest(TABLE, Selection(), by="position", limit=PAGE, skip=skip)
        found += [row for row in page if row["deleted"] or row["held"] or row["status"] != "completed"]
        skip += PAGE
        if len(page) < PAGE or skip >= MOST_LOOKED_AT:
            break
    return [keeping.document(row) for row in found[:SHOWN]]


def _change(look: Look, action: str, sweep_id: UUID, reason: str) -> None:
    if action == "approve":
        keeping.approve(look.services, sweep_id, act=look.act)
    else:
        keeping.cancel(look.services, sweep_id, reason=reason, act=look.act)


def _place(look: Look, form: Form) -> None:
    scope, reason = form.choice("hold_over", SCOPES), form.choice("reason", REASONS)
    form.required("hold_over", scope)
    form.required("reason", reason)
    value = form.text("value")
    if scope == ALL and value:
        form.errors["value"] = "error_no_value"
    if scope == DEPARTMENT:
        form.required("value", value)
    if scope == SUBJECT:
        form.required("value", form.uuid("value"))
    if form.errors:
        return
    if scope == SUBJECT:
        # A slip of the pen would keep nothing, and be believed to.
        look.check_subject(UUID(value))
    holds.place(look.services, scope=scope or "", value=value, reason=reason or "", act=look.act)


def _release(look: Look, form: Form) -> None:
    hold_id, reason = form.uuid("hold"), form.choice("release_reason", RELEASE_REASONS)
    form.required("hold", hold_id)
    form.required("release_reason", reason)
    if not form.errors and hold_id is not None:
        holds.release(look.services, hold_id, reason=reason or "", act=look.act)
