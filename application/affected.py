"""Whom an incident reaches, computed from events and key ids: counts and ids, no name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from application.history import events
from application.ports.event_store import RecordedEvent
from application.ports.vault import epoch_owner, subject_owner
from application.services import Services
from domain.errors import InvalidInputError, NotFoundError
from domain.incident import Affected

KEK, SIGNING_KEY, SESSIONS, DEVICE = "kek", "signing_key", "sessions", "device"
DEPARTMENT, DUMP, ATTEMPTS, EVERYONE = "department", "dump", "attempts", "everyone"

SELECTORS: Final[Mapping[str, tuple[str, str]]] = {
    KEK: (
        "uma chave que cifra as chaves de dados vazou: quem tinha a chave de dados sob ela no período",
        "a key-encryption key leaked: whose data key lay under it in the period",
    ),
    SIGNING_KEY: (
        "uma chave que assina tokens vazou: por todos os que estavam no sistema no período se pode falar",
        "a key that signs tokens leaked: anybody who was in the system in the period can be spoken for",
    ),
    SESSIONS: ("sessões abertas no período", "sessions open in the period"),
    DEVICE: ("um aparelho perdido: quem entrou por ele no período", "a lost device: who signed in by it in the period"),
    DEPARTMENT: ("um setor: quem esteve nele no período", "a department: who was in it in the period"),
    DUMP: (
        "uma cópia do banco de um dia: quem estava nele nesse dia (sem as chaves, o conteúdo não abre)",
        "a database copy of one day: who was in it that day (without the keys its content does not open)",
    ),
    ATTEMPTS: ("tentativas dadas: as pessoas delas", "given attempts: the people in them"),
    EVERYONE: ("todos os que estavam no sistema no período", "everybody who was in the system in the period"),
}
"""Ways to ask, and what each one answers."""

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
MAX_ATTEMPTS: Final = 1000
_ENDS: Final = ("session.revoked.v1", "session.expired.v1")


@dataclass(frozen=True, slots=True)
class Question:
    """What was lost or leaked: a selector, what it applies to, and between when and when (aware UTC; None: open)."""

    selector: str
    value: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom it reaches: subject ids, sorted; their departments at the time; owners of data keys, or key ids."""

    subjects: list[UUID]
    departments: list[str]
    keys: list[str]

    @property
    def sha256(self) -> str:
        """Hex digest of the sorted ids, a line each."""
        return hashlib.sha256("".join(f"{subject}\n" for subject in self.subjects).encode()).hexdigest()


@dataclass(slots=True)
class _Stay:
    """A time in which something lasted, both ends included."""

    since: datetime
    until: datetime = FOREVER

    def meets(self, since: datetime, until: datetime) -> bool:
        return self.since <= until and self.until >= since


@dataclass(slots=True)
class _Life:
    """What history says of one subject, ids and times only."""

    here: _Stay
    places: list[tuple[str, _Stay]] = field(default_factory=list)

    def move(self, department: str, at: datetime) -> None:
        if self.places and self.places[-1][0] == department and self.places[-1][1].until == FOREVER:
            return
        if self.places:
            self.places[-1][1].until = at
        self.places.append((department, _Stay(at)))


@dataclass(slots=True)
class _Past:
    """One pass over history."""

    lives: dict[UUID, _Life] = field(default_factory=dict)
    sessions: dict[UUID, tuple[UUID, _Stay]] = field(default_factory=dict)
    by_device: dict[UUID, UUID] = field(default_factory=dict)
    attempts: dict[UUID, tuple[UUID | None, datetime]] = field(default_factory=dict)
    owners: dict[UUID, UUID] = field(default_factory=dict)

    def take(self, event: RecordedEvent) -> None:
        fields, stream = event.fields, event.aggregate_id
        subject_id = fields.get("subject_id") or self.owners.get(stream)
        if isinstance(subject_id, UUID) and event.aggregate in {"enrollment", "account", "consent"}:
            self.owners[stream] = subject_id
            life = self.lives.setdefault(subject_id, _Life(_Stay(event.at)))
            if fields.get("department"):
                life.move(fields["department"], event.at)
        if event.aggregate == "attempt":
            self._attempt(event)
        elif event.name == "session.opened.v1":
            self.sessions[stream] = fields["subject_id"], _Stay(event.at, fields["expires_at"])
        elif event.name == "session.refreshed.v1" and stream in self.sessions:
            self.sessions[stream][1].until = fields["expires_at"]
        elif event.name in _ENDS and stream in self.sessions:
            self.sessions[stream][1].until = min(event.at, self.sessions[stream][1].until)
        elif event.name == "erasure.executed.v1" and stream in self.owners:
            self.lives[self.owners[stream]].here.until = event.at
        elif event.name == "erasure.requested.v1":
            self.owners[stream] = fields["subject_id"]

    def _attempt(self, event: RecordedEvent) -> None:
        subject_id, _ = self.attempts.get(event.aggregate_id, (None, event.at))
        self.attempts[event.aggregate_id] = event.fields.get("subject_id") or subject_id, event.at
        if event.name == "attempt.device_proven.v1":
            self.by_device[event.aggregate_id] = event.fields["device_id"]


def compute(services: Services, question: Question, *, as_of: datetime | None = None) -> Reached:
    """Return whom it reaches, by what was recorded up to ``as_of`` (default: now).

    Raises ``InvalidInputError`` for a question that cannot be asked, ``NotFoundError`` for a key, device, department
    or attempt that never was.
    """
    since, until = question.since or BEGINNING, question.until or services.clock.now()
    if question.selector not in SELECTORS:
        raise InvalidInputError(f"selectors are {', '.join(SELECTORS)}")
    if since > until:
        raise InvalidInputError("the period ends before it begins")
    past = _Past()
    for event in events(services.store, until=as_of):
        past.take(event)
    chosen, keys = _CHOOSERS[question.selector](services, past, question.value, since, until)
    subjects = sorted(subject for subject in chosen if subject in past.lives)
    if question.selector == DUMP:
        since, until = _day(services, question.value)
    places = {name for one in subjects for name, stay in past.lives[one].places if stay.meets(since, until) and name}
    return Reached(subjects, sorted(places), sorted(keys))


def among(services: Services, subject_id: UUID, answers: Sequence[tuple[Affected, datetime]]) -> list[bool]:
    """Say of each answer, with the time at which it was given, whether that person is in it.

    Asked anew of the person's own events alone, so that a statement does not read everybody's history. Raises
    ``NotFoundError`` for a subject without any, ``UnavailableError``.
    """
    own = list(events(services, subject_id=subject_id)) if answers else []
    return [_is_among(services, subject_id, asked, given_at, own) for asked, given_at in answers]


def _is_among(
    services: Services, subject_id: UUID, asked: Affected, given_at: datetime, own: Sequence[RecordedEvent]
) -> bool:
    past = _Past()
    for event in own:
        if event.at <= given_at:
            past.take(event)
    if subject_id not in past.lives:
        return False
    value = asked.value
    if asked.selector == ATTEMPTS:
        value = ",".join(part for part in value.split(",") if _uuid(part, "attempt ids") in past.attempts)
        if not value:
            return False
    try:
        chosen, _ = _CHOOSERS[asked.selector](services, past, value, asked.since or BEGINNING, asked.until or given_at)
    except NotFoundError:  # a department that was removed since, a key that no ring knows any more
        return False
    return subject_id in chosen


def as_facts(question: Question, reached: Reached, *, minors: int | None, elderly: int | None) -> Affected:
    """Return what goes into the register."""
    return Affected(
        selector=question.selector,
        value=question.value,
        since=question.since,
        until=question.until,
        subjects=len(reached.subjects),
        subjects_sha256=reached.sha256,
        departments=reached.departments,
        keys=reached.keys,
        minors=minors,
        elderly=elderly,
    )


_Chosen = tuple[set[UUID], set[str]]


def _kek(services: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    """New data keys were wrapped by it until its successor came, and lay under it until it was destroyed at most."""
    keks = list(services.keys.status().keks)
    key = next((one for one in keks if one.key_id == value), None)
    if key is None:
        raise NotFoundError(
            f"no such key-encryption key; 'faceauth keys status' lists them: {', '.join(k.key_id for k in keks)}"
        )
    later = [one.created_at for one in keks if one.created_at > key.created_at]
    replaced, gone = min(later, default=FOREVER), key.destroyed_at or FOREVER
    reached = {
        subject
        for subject, life in past.lives.items()
        if life.here.since <= replaced
        and life.here.until >= key.created_at
        and _Stay(max(life.here.since, key.created_at), min(life.here.until, gone)).meets(since, until)
    }
    months = {
        owner
        for owner in services.vault.owners(epoch_owner(""))
        if _month_began(owner) <= min(until, replaced) and since <= gone
    }
    return reached, {subject_owner(subject) for subject in reached} | months


def _signing_key(services: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    if value not in {key.kid for key in services.signing.status()}:
        raise NotFoundError("no such signing key; 'faceauth keys status' lists them")
    return _everyone(services, past, "", since, until)[0], {value}


def _sessions(_: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    if value:
        raise InvalidInputError("sessions are asked for by period alone")
    return {subject for subject, stay in past.sessions.values() if stay.meets(since, until)}, set()


def _device(services: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    device = _uuid(value, "a device id")
    if not services.store.stream(device):
        raise NotFoundError("no such device; 'faceauth device list' lists them")
    found = (past.attempts[attempt] for attempt, one in past.by_device.items() if one == device)
    return {subject for subject, at in found if subject is not None and since <= at <= until}, {f"device:{device}"}


def _department(services: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    found = {
        subject
        for subject, life in past.lives.items()
        if life.here.meets(since, until) and any(n == value and s.meets(since, until) for n, s in life.places)
    }
    if not found and not services.departments.exists(value):
        raise NotFoundError("no such department; 'faceauth department list' lists them")
    return found, set()


def _dump(services: Services, past: _Past, value: str, _since: datetime, _until: datetime) -> _Chosen:
    since, until = _day(services, value)
    found = {subject for subject, life in past.lives.items() if life.here.meets(since, until)}
    return found, {subject_owner(subject) for subject in found}


def _attempts(_: Services, past: _Past, value: str, _since: datetime, _until: datetime) -> _Chosen:
    asked = [_uuid(part, "attempt ids, comma-separated") for part in value.split(",")]
    if len(asked) > MAX_ATTEMPTS:
        raise InvalidInputError(f"at most {MAX_ATTEMPTS} attempts at once")
    if any(attempt not in past.attempts for attempt in asked):
        raise NotFoundError("one of these attempts never was")
    return {subject for attempt in asked if (subject := past.attempts[attempt][0]) is not None}, set()


def _everyone(_: Services, past: _Past, value: str, since: datetime, until: datetime) -> _Chosen:
    if value:
        raise InvalidInputError("everyone takes a period alone")
    return {subject for subject, life in past.lives.items() if life.here.meets(since, until)}, set()


_CHOOSERS: Final[Mapping[str, Callable[[Services, _Past, str, datetime, datetime], _Chosen]]] = {
    KEK: _kek,
    SIGNING_KEY: _signing_key,
    SESSIONS: _sessions,
    DEVICE: _device,
    DEPARTMENT: _department,
    DUMP: _dump,
    ATTEMPTS: _attempts,
    EVERYONE: _everyone,
}


def _day(services: Services, value: str) -> tuple[datetime, datetime]:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise InvalidInputError("a dump is asked for by its day, such as 2026-11-22") from None
    if day.year <= 1 or day.year >= FOREVER.year:
        raise InvalidInputError("a dump is asked for by its day, such as 2026-11-22")
    end = services.calendar.end_of(day)
    return services.calendar.end_of(day - timedelta(days=1)), end


def _uuid(text: str, what: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise InvalidInputError(f"this selector takes {what}") from None


def _month_began(owner: str) -> datetime:
    try:
        first = date.fromisoformat(f"{owner.removeprefix(epoch_owner(''))}-01")
    except ValueError:
        return BEGINNING
    return datetime.combine(first, time(), UTC)
