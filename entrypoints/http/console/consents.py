"""Consents by state, and inviting somebody to decide by a code of their own."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pydantic import ValidationError

from application import consent_codes, consent_periods
from domain.errors import InvalidInputError, NotFoundError
from domain.roles import DEPARTMENT_ADMIN, EVERYWHERE
from entrypoints.http.consent_bodies import InvitationBody
from entrypoints.http.consents import FORM, invited
from entrypoints.http.console.filters import ROWS, Filters
from entrypoints.http.console.forms import Form
from entrypoints.http.console.page import Look, Page, Shown

CHANNELS: Final = ("http", "cli", "ws", "paper")
ADMIN: Final = frozenset({DEPARTMENT_ADMIN})
EXISTING, NEW = "existing", "new"
NEW_FIELDS: Final = ("user_id", "username", "display_name")


class ConsentsPage(Page):
    """Consents of a department's people, the first to end first."""

    path = "/console/consents"
    title = "consents"
    template = "consents.html"
    section = "consents"
    in_nav = True

    def show(self, look: Look) -> Shown:
        """Return a page of consents, by id, and how many there are by state and channel."""
        filters = Filters(look)
        department, page = filters.department(), filters.page()
        state = filters.choice("status", consent_periods.STATES)
        channel = filters.choice("channel", CHANNELS)
        before = filters.day_after("expiring_before")
        shown: Shown = {
            "filters": filters,
            "errors": filters.errors,
            "statuses": consent_periods.STATES,
            "channels": CHANNELS,
            "may_invite": DEPARTMENT_ADMIN in look.principal.roles,
            "rows": None,
        }
        if filters.errors:
            return shown
        found = consent_periods.listing(
            look.services, department=department or EVERYWHERE, state=state, channel=channel, expiring_before=before
        )
        counted = Counter((row["purpose"], row["status"], row["channel"]) for row in found)
        skip = (page - 1) * ROWS
        return shown | {
            "rows": found[skip : skip + ROWS],
            "counts": [
                {"purpose": purpose, "status": status, "channel": by, "count": count}
                for (purpose, status, by), count in sorted(counted.items())
            ],
            "number": page,
            "paging": filters.paging(page, more=len(found) > skip + ROWS),
        }


class InvitePage(Page):
    """A one-time code with which a person decides by their own act; it is shown once."""

    path = "/console/consents/invite"
    title = "invite"
    template = "invite.html"
    section = "consents"
    roles = ADMIN
    form_roles = ADMIN

    def show(self, look: Look) -> Shown:
        """Return the empty form."""
        return _form(Form(look))

    def take(self, look: Look) -> Shown | str:
        """Make the code, for somebody known or for somebody new."""
        form = Form(look)
        if form.choice("person_is", (EXISTING, NEW)) == NEW:
            given = {name: form.text(name, needed="error_needed") for name in NEW_FIELDS}
            department = form.choice("department", look.departments())
            asked: dict[str, object] = {"person": given | {"department": department}}
        else:
            who = form.text("who", needed="error_who")
            asked = {"subject_id": who} if _is_id(who) else {"username": who}
        if form.errors:
            return _form(form)
        try:
            body = InvitationBody.model_validate(asked)
            made = invited(look.app, look.principal, body, look.act)
        except NotFoundError:
            form.forget("who")
            return _form(form) | {"errors": {"who": "error_nobody"}, "status": 404}
        except (ValidationError, InvalidInputError):
            return _form(form) | {"errors": {"person_is": "error_form"}}
        return _form(Form(look)) | {"invited": made}


def _form(form: Form) -> Shown:
    return {
        "form": form,
        "errors": form.errors,
        "new_fields": NEW_FIELDS,
        "invited": None,
        "consent_form": FORM,
        "hours": int(consent_codes.CODE_LIFETIME.total_seconds() // 3600),
    }


def _is_id(who: str) -> bool:
    return len(who) == 36 and who.count("-") == 4  # noqa: PLR2004 - RFC 9562's text form
