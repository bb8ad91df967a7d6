"""Which events an export takes, read in order and in constant memory, from any position on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from application import history
from application.exporting.whereabouts import Whereabouts
from application.ports.event_index import Wanted
from application.ports.event_store import EventStore, RecordedEvent
from application.services import Services
from domain.errors import InvalidInputError

BATCH: Final = 1000
"""Events in memory at a time."""
WATCH: Final = 100
DAMAGED: Final = "damaged"
"""Name of a row that this version cannot open: it has no time, no actor, and is never dropped for want of them."""
_TOPIC: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; None asks for everything.

    ``since`` and ``until`` (aware) belong to the period. ``event`` is a topic or the beginning of one up to a dot
    ("attempt", "attempt.refused"), ``outcome`` an outcome or a code. ``department`` also takes the consents of
    everybody who was ever enrolled there.
    """

    since: datetime | None = None
    until: datetime | None = None
    department: str | None = None
    subject_id: UUID | None = None
    event: str | None = None
    actor: str | None = None
    outcome: str | None = None

    def __post_init__(self) -> None:
        """Check. Raises ``InvalidInputError``."""
        if self.event is not None and not _TOPIC.fullmatch(self.event):
            raise InvalidInputError("an event is named like attempt.refused, or attempt for all of its kind")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise InvalidInputError("the period ends before it begins: since is later than until")

    @property
    def kinds(self) -> list[str]:
        """The names of the filters that are set, without their values."""
        return [name for name, value in self.document().items() if value is not None]

    def document(self) -> dict[str, str | None]:
        """Return the filters as JSON values."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "department": self.department,
            "subject_id": str(self.subject_id) if self.subject_id else None,
            "event": self.event,
            "actor": self.actor,
            "outcome": self.outcome,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the selection of a document."""
        since, until, subject_id = document["since"], document["until"], document["subject_id"]
        return cls(
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
            department=document["department"],
            subject_id=UUID(subject_id) if subject_id else None,
            event=document["event"],
            actor=document["actor"],
            outcome=document["outcome"],
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An event, and where it belongs: its own fields do not always say."""

    event: RecordedEvent
    subject_id: UUID | None
    department: str | None


def found(
    services: Services,
    selection: Selection,
    *,
    after: int,
    end: int,
    watch: Callable[[int], None] = lambda _position: None,
) -> Iterator[Found]:
    """Yield what is asked for of the events at positions ``after`` < p ≤ ``end``, in order.

    The same two positions give the same events for ever: what is already there does not change. A whole period is read
    from the events themselves, so that it is complete whatever somebody did to the index; anything narrower is found by
    the index, as all of the desk's listings are. ``watch`` hears of a position now and then; what it raises ends the
    search. Raises ``UnavailableError``, and ``NotFoundError`` for a subject that has no history.
    """
    narrow = set(selection.kinds) - {"since", "until"}
    yield from (_indexed if narrow else _read)(services, selection, after, end, watch)


def _indexed(
    services: Services, selection: Selection, after: int, end: int, watch: Callable[[int], None]
) -> Iterator[Found]:
    wanted = Wanted(
        selection.subject_id,
        department=selection.department,
        actor=selection.actor,
        outcome=selection.outcome,
        event=selection.event,
        since=selection.since,
        until=selection.until,
        after=after,
        before=end + 1,
    )
    for page in history.lines(services, wanted, size=BATCH):
        for line, event in zip(page, services.store.at([line.position for line in page]), strict=True):
            if event.position % WATCH == 0:
                watch(event.position)
            yield Found(event, line.subject_id, line.department)


def _read(
    services: Services, selection: Selection, after: int, end: int, watch: Callable[[int], None]
) -> Iterator[Found]:
    whereabouts = Whereabouts(services.store)
    for event in all_events(services.store, after=after, end=end):
        if event.position % WATCH == 0:
            watch(event.position)
        place = whereabouts.of(event)
        early = selection.since is not None and event.at < selection.since
        late = selection.until is not None and event.at > selection.until
        if event.name == DAMAGED or not (early or late):
            yield Found(event, place.subject_id, place.department)


def all_events(store: EventStore, *, after: int, end: int) -> Iterator[RecordedEvent]:
    """Yield every event at positions ``after`` < p ≤ ``end``."""
    while after < end and (batch := store.read(after, BATCH)):
        for event in batch:
            if event.position > end:
                return
            yield event
        after = batch[-1].position
