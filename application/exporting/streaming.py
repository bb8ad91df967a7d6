"""Send the history to a collector as it happens: every event at least once, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

from application.exporting.records import records
from application.exporting.selection import Found, all_events
from application.exporting.whereabouts import Whereabouts
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.export_sink import Checkpoint, ExportSink
from domain.errors import UnavailableError

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 60.0


class Streaming:
    """Follows the store for one collector; never more than one batch in memory.

    The checkpoint moves only when a batch has settled *and* the one before it did, or the house was quiet for a
    second with the connection still standing: what a collector's system took but the collector lost when it died is
    sent again. So a collector may see an event twice (``externalId`` tells), and misses none.
    """

    def __init__(
        self,
        store: EventStore,
        sink: ExportSink,
        checkpoint: Checkpoint,
        *,
        on_fault: Callable[[Exception], None],
        on_progress: Callable[[int], None] = lambda _position: None,
        first_wait_s: float = FIRST_WAIT_S,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        """``on_fault`` hears of every interruption, ``on_progress`` of every checkpoint."""
        self._store = store
        self._sink = sink
        self._checkpoint = checkpoint
        self._on_fault = on_fault
        self._on_progress = on_progress
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._wait_s = first_wait_s
        self._stop = threading.Event()
        self._whereabouts = Whereabouts(store)

    def stop(self) -> None:
        """Ask it to end; from any thread."""
        self._stop.set()

    def run(self, until: int | None = None) -> None:
        """Send until stopped, or until position ``until`` is settled; interruptions are waited out, longer each time.

        Raises ``ExportError`` where the checkpoint cannot be read or kept.
        """
        try:
            while not self._stop.is_set():
                try:
                    if self._follow(until):
                        return
                except UnavailableError as error:
                    self._on_fault(error)
                    self._stop.wait(self._wait_s)
                    self._wait_s = min(self._wait_s * 2, self._longest_wait_s)
        finally:
            self._sink.close()

    def _follow(self, until: int | None) -> bool:
        """Return whether ``until`` was reached."""
        position = settled = self._checkpoint.read()
        for batch in self._batches(position, until):
            if self._stop.is_set():
                return False
            if batch:
                self._sink.send(list(records(self._place(event) for event in batch)))
            self._sink.settle()
            self._wait_s = self._first_wait_s
            # A batch behind: this one settled over a connection that the last one's end has not closed.
            settled, position = (position, batch[-1].position) if batch else (position, position)
            self._keep(settled)
        if until is not None:
            self._sink.settle()
            self._keep(position)
        return until is not None

    def _batches(self, after: int, until: int | None) -> Iterator[list[RecordedEvent]]:
        if until is None:
            with self._store.follow(after) as batches:
                yield from batches
            return
        batch: list[RecordedEvent] = []
        for event in all_events(self._store, after=after, end=until):
            batch.append(event)
            if len(batch) == 200:  # noqa: PLR2004 - as the store hands them over when followed
                yield batch
                batch = []
        if batch:
            yield batch

    def _place(self, event: RecordedEvent) -> Found:
        place = self._whereabouts.of(event)
        return Found(event, place.subject_id, place.department)

    def _keep(self, position: int) -> None:
        if position > self._checkpoint.read():
            self._checkpoint.write(position)
            self._on_progress(position)
