"""Send the history to a collector as it happens: every event at least once, in order."""

from __future__ import annotations

import threading
import time
from collections import deque
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
GRACE_S: Final = 2.0
LOOK_S: Final = 0.1


class Streaming:
    """Follows the store for one collector; never more than one batch in memory.

    The checkpoint trails: a batch counts when the connection still stands ``grace_s`` after it settled. What a
    collector's system took, and the collector lost when it died within that time, is sent again. So a collector may
    see an event twice (``externalId`` tells). Syslog has no answers, so nobody can know more.
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
        grace_s: float = GRACE_S,
    ) -> None:
        """``on_fault`` hears of every interruption, ``on_progress`` of every checkpoint."""
        self._store = store
        self._sink = sink
        self._checkpoint = checkpoint
        self._on_fault = on_fault
        self._on_progress = on_progress
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._grace_s = grace_s
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
        settled: deque[tuple[float, int]] = deque()
        for batch in self._batches(self._checkpoint.read(), until):
            if self._stop.is_set():
                return False
            if batch:
                self._sink.send(list(records(self._place(event) for event in batch)))
            self._sink.settle()
            self._wait_s = self._first_wait_s
            if batch:
                settled.append((time.monotonic(), batch[-1].position))
            self._keep(settled)
        if until is None:
            return False
        while settled and not self._stop.wait(min(self._grace_s, LOOK_S)):
            self._sink.settle()
            self._keep(settled)
        return True

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

    def _keep(self, settled: deque[tuple[float, int]]) -> None:
        """Keep the newest position that settled long enough ago."""
        position, due = None, time.monotonic() - self._grace_s
        while settled and settled[0][0] <= due:
            position = settled.popleft()[1]
        if position is not None:
            self._checkpoint.write(position)
            self._on_progress(position)
