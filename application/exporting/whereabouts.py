"""Of whom and of which department an event is, where only an earlier event of its stream says so."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from application.ports.event_store import EventStore, RecordedEvent
from domain.rotation import Rotation

MOST: Final = 50_000
"""Streams remembered at a time, some 20 MB; the others are read again when they go on."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event belongs. Of a move both departments see the event: the one left and the one entered."""

    version: int
    subject_id: UUID | None = None
    department: str | None = None
    left: str | None = None

    @property
    def departments(self) -> frozenset[str | None]:
        """The departments that see the event."""
        return frozenset({self.department, self.left})


class Whereabouts:
    """Remembers the streams that were seen last. Bounded."""

    def __init__(self, store: EventStore, most: int = MOST) -> None:
        """Read from that store what is not remembered (any more)."""
        self._store = store
        self._most = most
        self._known: OrderedDict[UUID, Place] = OrderedDict()

    def of(self, event: RecordedEvent) -> Place:
        """Return where an event belongs; events of one stream must come in order. Raises ``UnavailableError``."""
        before = self._known.pop(event.aggregate_id, None)
        if event.version == 1:
            before = Place(0)
        elif before is None or before.version != event.version - 1:
            before = self._read(event)
        place = _after(before, event)
        self._known[event.aggregate_id] = place
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return place

    def _read(self, event: RecordedEvent) -> Place:
        place = Place(0)
        for earlier in self._store.stream(event.aggregate_id):
            if earlier.version >= event.version:
                break
            place = _after(place, earlier)
        return place


def _after(before: Place, event: RecordedEvent) -> Place:
    # A campaign is about many people: what one event of it says of a person does not hold for the next.
    inherited = None if event.aggregate == Rotation.TOPIC else before.subject_id
    subject_id = event.fields.get("subject_id", inherited)
    if subject_id is None:
        subject_id = inherited
    department = event.fields.get("department", before.department)
    return Place(event.version, subject_id, department, before.department)
