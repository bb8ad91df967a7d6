"""The incident register: enter, assess, tell, close; what staff wrote is sealed under the incident's own key."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from application import holds
from application.affected import Question, Reached, as_facts, compute
from application.journal import record, record_broken
from application.ports.business_days import BusinessDays
from application.ports.vault import Binding, incident_owner
from application.projections.incidents import TABLE
from application.services import Services
from application.viewing import record_viewing
from domain.act import Act
from domain.errors import ConcurrencyError, InvalidInputError, KeyDestroyedError, NotFoundError, SealBrokenError
from domain.incident import CLOSED, Incident, check_entry
from domain.journal import JournalEntry, daily_id
from domain.policies.deadlines import NOTICE_DAYS, SUPPLEMENT_DAYS, business_days_between, kept_until, last_day
from domain.retention import ALL, SUBJECT

MAX_TEXT: Final = 5000
TEXTS: Final = ("description", "measures_before", "measures_after", "delay")
GONE: Final = "[erased]"
DAMAGED: Final = "[damaged]"
VIEW: Final = "incident"
DEADLINE: Final = "incident.deadline"
FORGOTTEN: Final = "incident.key_destroyed"

MOST_HOLDS: Final = 100
"""People that an incident holds one by one; one that reaches more holds everything."""

DUE, DONE, LATE, OVERDUE, NOT_NEEDED, NOT_YET = "due", "done", "late", "overdue", "not_needed", "not_yet"
WARN_DAYS: Final = {"authority": 1, "subjects": 1, "supplement": 5}
"""Business days left from which on a clock warns."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One deadline: which, the last local day, when that is over, what became of it, business days left."""

    name: str
    last_day: date | None
    ends_at: datetime | None
    state: str
    left: int | None
    warns: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an officer says of an incident, beside what is computed."""

    risk: str
    measures_before: str
    measures_after: str
    delay: str = ""
    minors: int | None = None
    elderly: int | None = None


def open_incident(
    services: Services,
    *,
    known_at: datetime,
    kind: str,
    cause: str,
    categories: Collection[str],
    description: str,
    act: Act,
) -> Incident:
    """Enter an incident into the register. Raises ``InvalidInputError``.

    Until it is closed, retention takes nothing of whom it reaches; of anybody, as long as nobody knows whom.
    """
    check_entry(known_at=known_at, kind=kind, cause=cause, categories=categories, now=act.at)
    incident_id = services.ids.new()
    text = _clean("description", description)
    services.vault.create_key(incident_owner(incident_id))
    incident = Incident.open(
        incident_id,
        known_at=known_at,
        kind=kind,
        cause=cause,
        categories=categories,
        description_sealed=_seal(services, incident_id, "description", text),
        act=act,
    )
    _save_held(services, incident, [(ALL, "")], act)
    return incident


def assess(services: Services, incident_id: UUID, question: Question, said: Assessment, *, act: Act) -> Incident:
    """Compute whom it reaches, and record the assessment. Raises ``NotFoundError``, ``IncidentStateError``."""
    incident = find(services, incident_id)
    incident.check_alive()
    reached = compute(services, question, as_of=act.at)
    sealed = {
        f"{name}_sealed": _seal(services, incident_id, name, _clean(name, getattr(said, name), empty=name == "delay"))
        for name in TEXTS[1:]
    }
    incident.assess(
        risk=said.risk,
        affected=as_facts(question, reached, minors=said.minors, elderly=said.elderly),
        **sealed,
        act=act,
    )
    few = len(reached.subjects) <= MOST_HOLDS
    _save_held(services, incident, [(SUBJECT, str(one)) for one in reached.subjects] if few else [(ALL, "")], act)
    return incident


def notify_authority(
    services: Services, incident_id: UUID, *, told_at: datetime, reference: str, preliminary: bool, act: Act
) -> Incident:
    """Record that ANPD was told."""
    incident = find(services, incident_id)
    incident.notify_authority(told_at=told_at, reference=reference, preliminary=preliminary, act=act)
    services.store.save(incident)
    return incident


def notify_subjects(
    services: Services, incident_id: UUID, *, told_at: datetime, means: Collection[str], count: int, act: Act
) -> Incident:
    """Record that the people were told."""
    incident = find(services, incident_id)
    incident.notify_subjects(told_at=told_at, means=means, count=count, act=act)
    services.store.save(incident)
    return incident


def supplement(services: Services, incident_id: UUID, *, told_at: datetime, reference: str, act: Act) -> Incident:
    """Record what ANPD was told later."""
    incident = find(services, incident_id)
    incident.supplement(told_at=told_at, reference=reference, act=act)
    services.store.save(incident)
    return incident


def close(services: Services, incident_id: UUID, *, not_notified: str, act: Act) -> Incident:
    """Close it; it stays in the register."""
    incident = find(services, incident_id)
    incident.close(not_notified=not_notified, act=act)
    _save_held(services, incident, [], act)
    return incident


def listing(services: Services) -> list[Incident]:
    """Return the register, what became known last first."""
    services.projector.catch_up()
    found = [find(services, row["incident_id"]) for row in services.read_models.rows(TABLE)]
    return sorted(found, key=lambda one: (one.known_at, str(one.id)), reverse=True)


def watch(services: Services, *, act: Act) -> int:
    """Journal every deadline that is near or over, once a day each; return how many there are."""
    near = 0
    services.projector.catch_up()
    for row in services.read_models.rows(TABLE):
        try:
            incident = find(services, row["incident_id"])
        except SealBrokenError as error:
            # One that was tampered with silences no other's clocks.
            record_broken(services, "incident", place=str(row["incident_id"]), code=error.code, act=act)
            continue
        if incident.status == CLOSED:
            continue
        for clock in clocks(incident, services.calendar, act.at):
            if not clock.warns:
                continue
            near += 1
            entry = JournalEntry.record(
                daily_id(DEADLINE, f"{incident.id}|{clock.name}", act.at),
                DEADLINE,
                code=clock.state,
                facts={"incident": str(incident.id), "clock": clock.name, "last_day": str(clock.last_day)},
                act=act,
            )
            with suppress(ConcurrencyError):  # recorded today already
                services.store.save(entry)
    return near


def forget_old(services: Services, *, act: Act) -> list[UUID]:
    """Destroy the keys of incidents that were closed longer ago than the register is kept; return whose.

    What staff wrote does not open any more; codes, counts and times stay in the history. Nothing goes under a hold over
    everything, nor under one over a department that the incident reached. Each is written into the journal.
    """
    kept, period = holds.standing(services), services.policies.retention.incidents
    gone = []
    for incident in listing(services):
        owner = incident_owner(incident.id)
        if incident.status != CLOSED or incident.closed_at is None or act.at - incident.closed_at < period:
            continue
        if not services.vault.has_key(owner) or any(kept.keep(None, name) for name in ("", *_departments(incident))):
            continue
        # Written down first: cut off in between it is written down twice, and never goes without.
        record(services, FORGOTTEN, act=act, facts={"incident": str(incident.id)})
        services.vault.destroy_key(owner)
        gone.append(incident.id)
    return gone


def _departments(incident: Incident) -> list[str]:
    return list(incident.affected.departments) if incident.affected else []


def find(services: Services, incident_id: UUID) -> Incident:
    """Return the incident, strongly consistent. Raises ``NotFoundError``."""
    try:
        return services.store.get(Incident, incident_id)
    except NotFoundError:
        raise NotFoundError("no such incident; 'faceauth incident list' lists them") from None


def reveal(services: Services, incident: Incident) -> dict[str, str]:
    """Return what staff wrote, opened: "" where nothing, "[erased]" or "[damaged]" where it does not open."""
    texts = {}
    for name in TEXTS:
        sealed = getattr(incident, f"{name}_sealed")
        try:
            texts[name] = services.vault.unseal(_place(incident.id, name), sealed).decode() if sealed else ""
        except KeyDestroyedError:
            texts[name] = GONE
        except SealBrokenError:
            texts[name] = DAMAGED
    return texts


def people(services: Services, incident: Incident, *, act: Act) -> Reached:
    """Return who was found affected, computed again as of the assessment; each look is recorded for each of them.

    Raises ``InvalidInputError`` before the assessment, and where history gives another list than it gave then.
    """
    affected = incident.affected
    if affected is None:
        raise InvalidInputError("assess it first: then it is known whom it reaches")
    question = Question(affected.selector, affected.value, affected.since, affected.until or incident.assessed_at)
    reached = compute(services, question, as_of=incident.assessed_at)
    if reached.sha256 != affected.subjects_sha256:
        raise InvalidInputError("the list is another one than at the assessment: assess it again")
    record_viewing(services, reached.subjects, what=VIEW, act=act)
    return reached


def clocks(incident: Any, calendar: BusinessDays, now: datetime) -> list[Clock]:
    """Return the deadlines of an incident (or of its row, as attributes): ANPD, people, supplement.

    The first two run from the day after it became known; the supplement from the day after ANPD was told.
    """
    told, needed = incident.authority_at, incident.notifiable
    supplement = incident.preliminary if told is not None else needed
    watch = partial(_clock, calendar=calendar, now=now)
    return [
        watch("authority", incident.known_at, NOTICE_DAYS, told, needed=needed),
        watch("subjects", incident.known_at, NOTICE_DAYS, incident.subjects_at, needed=needed),
        watch("supplement", told, SUPPLEMENT_DAYS, incident.supplemented_at, needed=supplement),
    ]


def _clock(
    name: str,
    start: datetime | None,
    days: int,
    done: datetime | None,
    *,
    needed: bool,
    calendar: BusinessDays,
    now: datetime,
) -> Clock:
    if start is None:
        return Clock(name, None, None, NOT_YET if needed else NOT_NEEDED, None, warns=False)
    last = last_day(calendar.local_day(start), days, calendar.is_holiday)
    ends = calendar.end_of(last)
    if done is not None:
        return Clock(name, last, ends, DONE if done < ends else LATE, None, warns=False)
    if not needed:
        return Clock(name, last, ends, NOT_NEEDED, None, warns=False)
    left = business_days_between(calendar.local_day(now), last, calendar.is_holiday)
    overdue = now >= ends
    return Clock(name, last, ends, OVERDUE if overdue else DUE, left, warns=overdue or left <= WARN_DAYS[name])


def register_until(incident: Any, calendar: BusinessDays) -> date:
    """Return from which day on the entry need not be kept any more."""
    return kept_until(calendar.local_day(incident.opened_at))


def _save_held(services: Services, incident: Incident, wanted: Collection[tuple[str, str]], act: Act) -> None:
    with services.store.mutex(holds.MUTEX):
        services.store.save(incident, *holds.exactly(services, incident.id, wanted, reason=VIEW, act=act))


def _clean(name: str, text: str, *, empty: bool = False) -> str:
    clean = unicodedata.normalize("NFC", text).strip()
    odd = any(unicodedata.category(c).startswith("C") and c not in "\n\t" for c in clean)
    if len(clean) > MAX_TEXT or odd or not (clean or empty):
        raise InvalidInputError(f"{name} takes 1 to {MAX_TEXT} printable characters")
    return clean


def _seal(services: Services, incident_id: UUID, name: str, text: str) -> str:
    return services.vault.seal(_place(incident_id, name), text.encode()) if text else ""


def _place(incident_id: UUID, name: str) -> Binding:
    return Binding(incident_owner(incident_id), f"incident.{name}")
