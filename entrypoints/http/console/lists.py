"""Sessions, lockouts and devices."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from application import devices, lockout_history
from application.ports.selection import Selection
from domain.act import reason_code
from domain.errors import NotFoundError
from domain.roles import DEPARTMENT_ADMIN, EVERYWHERE
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.lockouts import document

SESSION_STATES: Final = ("open", "revoked", "expired")


class SessionsPage(Page):
    """Who is signed in where, by id."""

    path = "/console/sessions"
    title = "sessions"
    template = "sessions.html"
    section = "sessions"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return a page of sessions; asking for one person's is a view of that person."""
        filters = Filters(look)
        equal: dict[str, Any] = {
            "department": filters.department(),
            "status": filters.choice("status", SESSION_STATES),
            "subject_id": filters.uuid("subject"),
            "device_id": filters.uuid("device"),
        }
        since, before = filters.period()
        page = filters.page()
        shown: Shown = {"filters": filters, "errors": filters.errors, "statuses": SESSION_STATES, "rows": None}
        if filters.errors:
            return shown
        if equal["subject_id"] is not None:
            look.check_subject(equal["subject_id"])
            look.viewing(equal["subject_id"], "sessions")
        look.services.projector.catch_up()
        which = Selection({k: v for k, v in equal.items() if v is not None}, (), "opened_at", since, before)
        skip = (page - 1) * ROWS
        rows = look.services.read_models.newest("session_rows", which, by="opened_at", limit=ROWS + 1, skip=skip)
        return shown | {"rows": rows[:ROWS], "paging": filters.paging(page, more=len(rows) > ROWS), "number": page}


class LockoutsPage(Page):
    """Who has to wait, and until when; an administrator of the department ends it."""

    path = "/console/lockouts"
    title = "lockouts"
    template = "lockouts.html"
    section = "lockouts"
    in_nav = True
    form_roles = frozenset({DEPARTMENT_ADMIN})

    def show(self, look: Look) -> Shown:
        """Return the lockouts, the newest first."""
        filters = Filters(look)
        department = filters.department()
        shown: Shown = {"filters": filters, "errors": filters.errors, "rows": None}
        if filters.errors:
            return shown
        now = look.services.clock.now()
        found = lockout_history.listing(look.services, department=department)
        return shown | {
            "rows": [document(counted, tally) | {"waiting": tally.waiting(now)} for counted, tally in found],
            "may_release": DEPARTMENT_ADMIN in look.principal.roles,
            "done": look.query.get("done") == "released",
        }

    def take(self, look: Look) -> Shown | str:
        """End one."""
        try:
            lockout_id = UUID(str(look.form.get("lockout_id", "")))
        except ValueError:
            raise NotFoundError("no such lockout") from None
        reason = reason_code(str(look.form.get("reason", "")))
        lockout_history.release(look.services, lockout_id, reason=reason, department=look.reach, act=look.act)
        return "/console/lockouts?done=released"


class DevicesPage(Page):
    """The hospital's own devices."""

    path = "/console/devices"
    title = "devices"
    template = "devices.html"
    section = "devices"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return the devices, the newest first."""
        filters = Filters(look)
        department = filters.department()
        shown: Shown = {"filters": filters, "errors": filters.errors, "rows": None}
        if filters.errors:
            return shown
        return shown | {"rows": list(reversed(devices.known(look.services, department=department or EVERYWHERE)))}
