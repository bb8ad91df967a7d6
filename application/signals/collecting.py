"""From the store into the outbox: every event once for every stream that wants it, in the order of the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from application.ports.event_store import RecordedEvent
from application.ports.signal_outbox import Letter, Signal
from application.ports.signal_streams import DISABLED, Stream
from application.services import Services
from application.signals.letters import kind_on, letter_for
from application.signals.mapping import TOLD, needs_subject, signal_of
from domain.errors import SealBrokenError

REMEMBERED: Final = 10_000
"""Whose an aggregate is, kept for as many of them: most sessions end soon after they began."""
KEEP_EVERY: Final = 200
"""Positions without a letter after which the checkpoint is moved all the same. Reading them again does nothing."""


class Collector:
    """Makes letters of batches of events. Not safe from several threads: one follower gives it what it read."""

    def __init__(
        self, services: Services, *, on_fault: Callable[[Exception], None], ring: Callable[[], None] = lambda: None
    ) -> None:
        """``on_fault`` hears of events that cannot be told, ``ring`` is called when there are new letters."""
        self._services = services
        self._on_fault = on_fault
        self._ring = ring
        self._kept = 0
        self._subjects: OrderedDict[UUID, UUID] = OrderedDict()

    def since(self) -> int:
        """Return the position to follow from. The first time ever: from where the oldest stream begins, or from now."""
        outbox, streams = self._services.signals.outbox, self._services.signals.streams
        kept = outbox.checkpoint()
        if kept is None:
            position = self._services.store.position()
            outbox.begin(min((stream.since for stream in streams.all()), default=position))
            kept = outbox.checkpoint()
        self._kept = kept or 0
        return self._kept

    def take(self, batch: list[RecordedEvent]) -> bool:
        """Put the letters of a batch in, together with the checkpoint; False to be given everything since it anew."""
        if not batch:
            return True
        letters = self._letters(batch)
        if not letters and batch[-1].position - self._kept < KEEP_EVERY:
            return True
        position = batch[-1].position
        if not self._services.signals.outbox.put(letters, expected=self._kept, position=position):
            return False
        self._kept = position
        if letters:
            self._ring()
        return True

    def _letters(self, batch: list[RecordedEvent]) -> list[Letter]:
        signals = [signal for event in batch if (signal := self._signal(event)) is not None]
        if not signals:
            return []
        streams = [stream for stream in self._services.signals.streams.all() if stream.status != DISABLED]
        return [letter for stream in streams for letter in self._letters_on(stream, signals)]

    def _letters_on(self, stream: Stream, signals: Iterable[Signal]) -> list[Letter]:
        ports, now = self._services.signals, self._services.clock.now()
        wanted = [
            signal
            for signal in signals
            if signal.position > stream.since and kind_on(stream, signal.name) in stream.events
        ]
        names = {
            subject_id: ports.pairwise.subject(subject_id, stream.audience)
            for signal in wanted
            if (subject_id := signal.subject_id) is not None
        }
        excluded = ports.streams.excluded(stream.stream_id, set(names.values())) if names else set()
        return [
            letter_for(stream, signal, now)
            for signal in wanted
            if signal.subject_id is None or names[signal.subject_id] not in excluded
        ]

    def _signal(self, event: RecordedEvent) -> Signal | None:
        """Return what an event says; one that cannot be told is reported and must not keep the others back."""
        subject_id = event.fields.get("subject_id")
        if isinstance(subject_id, UUID):
            self._remember(event.aggregate_id, subject_id)
        if event.name not in TOLD:
            return None
        if not needs_subject(event):
            return signal_of(event, None)
        found = subject_id if isinstance(subject_id, UUID) else self._subject_of(event.aggregate_id)
        if found is None:
            self._on_fault(SealBrokenError("an event cannot be told: whom it concerns cannot be read"))
            return None
        return signal_of(event, found)

    def _subject_of(self, aggregate_id: UUID) -> UUID | None:
        known = self._subjects.get(aggregate_id)
        if known is not None:
            return known
        for event in self._services.store.stream(aggregate_id):
            found = event.fields.get("subject_id")
            if isinstance(found, UUID):
                self._remember(aggregate_id, found)
                return found
        return None

    def _remember(self, aggregate_id: UUID, subject_id: UUID) -> None:
        self._subjects[aggregate_id] = subject_id
        self._subjects.move_to_end(aggregate_id)
        if len(self._subjects) > REMEMBERED:
            self._subjects.popitem(last=False)
