"""What is done with an incident, one form each: assess, tell ANPD, tell the people, supplement, close."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from application import affected, incidents
from application.affected import SELECTORS, Question
from application.incidents import Assessment
from domain.errors import FaceauthError, InvalidInputError, NotFoundError
from domain.incident import MEANS, NOT_NOTIFIED, RISKS, Incident, check_reference
from entrypoints.http.console.guard import OFFICERS
from entrypoints.http.console.house_forms import CONFLICT, MAX_TEXT_FORM_BYTES, REFUSALS, WHOLE, Form
from entrypoints.http.console.incidents import ONE, PATH
from entrypoints.http.console.page import Look, Page, Shown
from entrypoints.http.console.times import ZONE

NO_VALUE: Final = frozenset({affected.SESSIONS, affected.EVERYONE})


class StepPage(Page):
    """A form about one incident; what a use case refuses is told in it, and nothing that was typed is lost."""

    template = "incident_step.html"
    section = "incidents"
    roles = OFFICERS
    form_roles = OFFICERS
    whole_house = True
    options: ClassVar[Mapping[str, Any]] = {}

    def show(self, look: Look) -> Shown:
        """Return the form, with what is known already."""
        it = self._found(look)
        form = Form(look)
        form.values |= self.known(look, it)
        return self._shown(form, it)

    def take(self, look: Look) -> Shown | str:
        """Do it, and go back to the incident."""
        it = self._found(look)
        form = Form(look)
        status = 422
        try:
            self.do(look, it, form)
        except REFUSALS as error:
            status = form.refused(error)
        if form.errors:
            if form.errors.get(WHOLE) == "fault_incident_state":
                status = CONFLICT
            return self._shown(form, it) | {"status": status}
        return f"{PATH}/{it.id}?done=recorded"

    def known(self, _look: Look, _it: Incident) -> dict[str, str]:
        """Return what the form is filled with at first."""
        return {}

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Read the form, and call the use case unless it has faults. Raises what the use case does."""
        raise NotImplementedError

    def _found(self, look: Look) -> Incident:
        return incidents.find(look.services, look.path["incident_id"])

    def _shown(self, form: Form, it: Incident) -> Shown:
        return {
            "filters": form,
            "errors": form.errors,
            "incident_id": it.id,
            "action": self.path.replace("{incident_id:uuid}", str(it.id)),
        } | dict(self.options)


class AssessPage(StepPage):
    """How bad it is, whom it reaches, and what was and is done about it; as often as more becomes known."""

    path = ONE + "/assess"
    title = "assess"
    form_bytes = MAX_TEXT_FORM_BYTES
    options: ClassVar[Mapping[str, Any]] = {"risks": RISKS, "selectors": tuple(SELECTORS)}

    def known(self, look: Look, it: Incident) -> dict[str, str]:
        """Return the assessment so far."""
        texts = incidents.reveal(look.services, it)
        found = it.affected
        if found is None:
            return {"selector": affected.EVERYONE}
        return {
            "risk": it.risk,
            "selector": found.selector,
            "value": found.value,
            "since": _local(found.since),
            "until": _local(found.until),
            "minors": "" if found.minors is None else str(found.minors),
            "elderly": "" if found.elderly is None else str(found.elderly),
        } | {name: texts[name] for name in incidents.TEXTS[1:]}

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Compute whom it reaches, and record the assessment."""
        risk, selector = form.choice("risk", RISKS), form.choice("selector", SELECTORS)
        form.required("risk", risk)
        form.required("selector", selector)
        value = form.text("value")
        if selector is not None and not fits(look, selector, value):
            form.errors["value"] = "error_value"
        since, until = form.between("since", "until")
        before, after = form.words("measures_before"), form.words("measures_after")
        delay = form.words("delay", empty=True)
        minors, elderly = form.count("minors"), form.count("elderly")
        if form.errors:
            return
        said = Assessment(risk or "", before, after, delay, minors, elderly)
        try:
            incidents.assess(look.services, it.id, Question(selector or "", value, since, until), said, act=look.act)
        except NotFoundError:
            form.errors["value"] = "error_value"
        except InvalidInputError:
            # Everything else has been looked at: among those whom it reaches there are not so many.
            form.errors["minors" if minors is not None else "elderly"] = "error_more_than_all"


class AuthorityPage(StepPage):
    """That ANPD was told."""

    path = ONE + "/notify-authority"
    title = "notify-authority"

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Record it."""
        told_at, reference = form.past("told_at", after=it.known_at), _reference(form)
        preliminary = form.tick("preliminary")
        if not form.errors:
            incidents.notify_authority(
                look.services, it.id, told_at=told_at, reference=reference, preliminary=preliminary, act=look.act
            )


class SubjectsPage(StepPage):
    """That the people were told."""

    path = ONE + "/notify-subjects"
    title = "notify-subjects"
    options: ClassVar[Mapping[str, Any]] = {"means": MEANS}

    def known(self, _look: Look, it: Incident) -> dict[str, str]:
        """Return how many there are to tell."""
        return {} if it.affected is None else {"told_count": str(it.affected.subjects)}

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Record it."""
        told_at = form.past("told_at", after=it.known_at)
        means, count = form.many("means", MEANS), form.count("told_count", needed=True)
        if not form.errors:
            incidents.notify_subjects(
                look.services, it.id, told_at=told_at, means=means, count=count or 0, act=look.act
            )


class SupplementPage(StepPage):
    """What ANPD was told later."""

    path = ONE + "/supplement"
    title = "supplement"

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Record it."""
        before = max(filter(None, (it.known_at, it.authority_at, it.supplemented_at)))
        told_at, reference = form.past("told_at", after=before), _reference(form)
        if not form.errors:
            incidents.supplement(look.services, it.id, told_at=told_at, reference=reference, act=look.act)


class ClosePage(StepPage):
    """Everybody was told, or why nobody was."""

    path = ONE + "/close"
    title = "close"

    def do(self, look: Look, it: Incident, form: Form) -> None:
        """Close it."""
        why = form.choice("not_notified", NOT_NOTIFIED) or ""
        told = it.authority_at is not None and it.subjects_at is not None
        if why and told:
            form.errors["not_notified"] = "error_was_told"
        elif not told and not it.notifiable:
            form.required("not_notified", why)
        if not form.errors:
            incidents.close(look.services, it.id, not_notified=why, act=look.act)

    def _shown(self, form: Form, it: Incident) -> Shown:
        told = it.authority_at is not None and it.subjects_at is not None
        return super()._shown(form, it) | {"reasons": () if told else NOT_NOTIFIED}


def fits(look: Look, selector: str, value: str) -> bool:
    """Say whether a value is of the kind that a selector takes; whether it is there, the use case knows."""
    if selector in NO_VALUE:
        return not value
    try:
        match selector:
            case affected.DEVICE:
                UUID(value)
            case affected.ATTEMPTS:
                return 0 < len([UUID(each.strip()) for each in value.split(",")]) <= affected.MAX_ATTEMPTS
            case affected.DUMP:
                return 2000 <= date.fromisoformat(value).year <= 2200  # noqa: PLR2004 - as for every other day
            case affected.DEPARTMENT:
                return look.services.departments.exists(value)
    except ValueError:
        return False
    return bool(value)


def _local(at: datetime | None) -> str:
    """Return a moment as a browser's field holds it."""
    return at.astimezone(ZONE).replace(tzinfo=None).isoformat(timespec="seconds") if at else ""


def _reference(form: Form) -> str:
    reference = form.text("reference")
    try:
        check_reference(reference)
    except FaceauthError:
        form.errors["reference"] = "error_reference"
    return reference
