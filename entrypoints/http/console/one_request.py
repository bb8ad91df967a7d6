"""One request of a data subject: everything about it, answering, refusing, and the review of a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from application import answering, reviewing
from application import requests as desk
from application.statement import Surroundings
from application.words.rights import BASES, MEASURES, OUTCOMES, REASONS
from domain import request as rules
from domain.errors import DomainRuleError, InvalidInputError, NotFoundError, RequestStateError
from domain.request import Request
from entrypoints.http import access, whom
from entrypoints.http.console.files import HandedFile, json_file, pdf_file, printable
from entrypoints.http.console.forms import Form
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import MAX_TEXT_FORM_BYTES
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.requests import CORRECTED, correction_of, worded
from entrypoints.http.console.story import flat
from entrypoints.http.requests import told

LASTING: Final = frozenset({rules.OBJECTION, rules.DELETION})
"""What cannot be undone has to be confirmed."""
ANSWER, REFUSE = "answer", "refuse"
DONE: Final = ("opened", "refused", "decided")
ATTEMPT_FACTS: Final = (
    "at",
    "ended_at",
    "department",
    "mode",
    "liveness_policy",
    "outcome",
    "code",
    "reason",
    "next_step",
)


def reached(look: Look, request_id: UUID) -> Request:
    """Return a request of somebody within the walls. Raises ``NotFoundError``, the same whatever the cause."""
    found = desk.find(look.services, request_id)
    if not whom.within_reach(look.app, look.principal, found.subject_id, found.department):
        raise NotFoundError(desk.NO_SUCH_REQUEST)
    return found


class RequestPage(Page):
    """One request: what was asked and by when, what came of it; the forms to answer and to refuse."""

    path = "/console/requests/{request_id:uuid}"
    title = "request"
    template = "request.html"
    section = "requests"
    roles = OFFICERS
    form_roles = OFFICERS
    form_bytes = MAX_TEXT_FORM_BYTES

    def show(self, look: Look) -> Shown:
        """Return the request with its texts opened; recorded as a view."""
        found = reached(look, look.path["request_id"])
        look.viewing(found.subject_id, "request")
        return self._shown(look, found, Form(look))

    def take(self, look: Look) -> Shown | str:
        """Answer, or refuse. What is handed over is on the page that answers, once."""
        found, form = reached(look, look.path["request_id"]), Form(look)
        if form.choice("action", (ANSWER, REFUSE)) == REFUSE:
            return self._refused(look, found, form)
        text, correction = form.text("answer_text", most=desk.LONGEST_TEXT), correction_of(form)
        if found.kind in LASTING and not form.checked("confirm"):
            form.errors["confirm"] = "error_confirm"
        if not form.errors:
            try:
                given = answering.answer(
                    look.services,
                    found.id,
                    text=text,
                    correction=correction or None,
                    around=Surroundings(look.app.settings.idp_issuer),
                    act=look.act,
                )
            except RequestStateError:
                raise
            except (InvalidInputError, DomainRuleError):
                form.errors["answer_text"] = "error_form"
            else:
                shown = self._shown(look, given.request, Form(look))
                return shown | {"done": "answered", "handed": self._handed(look, given)}
        return self._again(look, found, form)

    def _refused(self, look: Look, found: Request, form: Form) -> Shown | str:
        reason = form.choice("refusal", rules.REFUSAL_REASONS)
        basis = form.choice("legal_basis", rules.LEGAL_BASES, needed=False)
        text = form.text("refusal_text", most=desk.LONGEST_TEXT)
        if not form.errors:
            try:
                desk.refuse(look.services, found.id, reason=reason, legal_basis=basis, text=text, act=look.act)
            except InvalidInputError:
                form.errors["refusal_text"] = "error_form"
            else:
                return f"/console/requests/{found.id}?done=refused"
        return self._again(look, found, form)

    def _again(self, look: Look, found: Request, form: Form) -> Shown:
        look.viewing(found.subject_id, "request")
        return self._shown(look, found, form) | {"errors": form.errors}

    def _handed(self, look: Look, given: answering.Answer) -> list[HandedFile]:
        if given.document is None:
            return []
        files = [json_file(given.request.kind, given.document)]
        if printable(given.document):
            files.append(pdf_file(given.request.kind, given.document, look.act.at))
        return files

    def _shown(self, look: Look, found: Request, form: Form) -> Shown:
        document, done = told(look.services, found), look.query.get("done")
        outcome = document["outcome"]
        reasons = dict(worded(OUTCOMES, look.language))
        return {
            "request": document,
            "is_open": not found.closed,
            "reviewed": found.kind == rules.REVIEW,
            "lasting": found.kind in LASTING,
            "measures": [words for code, words in worded(MEASURES, look.language) if code in document["measures"]],
            "outcome": reasons.get(outcome, outcome),
            "refusals": [(code, reasons[code]) for code in rules.REFUSAL_REASONS],
            "bases": worded(BASES, look.language),
            "corrected": list(CORRECTED) if found.kind == rules.CORRECTION else [],
            "form": form,
            "done": done if done in DONE else None,
            "handed": [],
            "errors": {},
        }


class ReviewPage(Page):
    """The review of an automated refusal by a person: all that it was decided on, and the decision."""

    path = "/console/requests/{request_id:uuid}/review"
    title = "review"
    template = "review.html"
    section = "requests"
    roles = OFFICERS
    form_roles = OFFICERS
    form_bytes = MAX_TEXT_FORM_BYTES

    def show(self, look: Look) -> Shown:
        """Return the evidence; recorded as a view."""
        return self._shown(look, Form(look))

    def take(self, look: Look) -> Shown | str:
        """Uphold or overturn the refusal."""
        found, form = reached(look, look.path["request_id"]), Form(look)
        choices = {f"{decision}:{reason}" for decision, reasons in rules.REVIEW_REASONS.items() for reason in reasons}
        decision, _, reason = form.choice("decision", choices).partition(":")
        measures = [name for name in rules.MEASURES if form.checked(f"measure_{name}")]
        text = form.text("answer_text", most=desk.LONGEST_TEXT)
        if decision and bool(measures) != (decision == rules.OVERTURNED):
            form.errors["decision"] = "error_measures"
        if form.errors:
            return self._shown(look, form)
        try:
            reviewing.decide(
                look.services,
                found.id,
                decision,
                reason=reason,
                measures=measures,
                text=text,
                reaches=lambda department: access.reaches(look.principal, department),
                act=look.act,
            )
        except InvalidInputError:
            form.errors["answer_text"] = "error_form"
            return self._shown(look, form)
        return f"/console/requests/{found.id}?done=decided"

    def _shown(self, look: Look, form: Form) -> Shown:
        found = reached(look, look.path["request_id"])
        evidence = reviewing.evidence(
            look.services,
            found.id,
            reaches=lambda department: access.reaches(look.principal, department),
            act=look.act,
        )
        reasons = dict(worded(REASONS, look.language))
        return {
            "request": evidence["request"],
            "evidence": evidence,
            "attempt_facts": ATTEMPT_FACTS,
            "seen": _facts(evidence["evidence"]),
            "matched": _facts(evidence["match"]),
            "is_open": not found.closed,
            "decisions": [
                (decision, [(f"{decision}:{each}", reasons[each]) for each in codes])
                for decision, codes in rules.REVIEW_REASONS.items()
            ],
            "measures": worded(MEASURES, look.language),
            "form": form,
            "errors": form.errors,
        }


def _facts(values: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in flat(dict(values or {})) if value not in (None, "", [])]
