"""Keeps the read models up with the store: follow, apply, resume; never twice, never half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from application.following import Follower
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.read_models import ReadModels
from application.projections.rows import PROJECTIONS, Projection
from domain.errors import NotFoundError, UnavailableError

BATCH: Final = 200
"""Events per transaction when catching up (storage.md: 16 times faster than one by one)."""


class Projector:
    """Applies every projection, each with its own checkpoint, from one subscription."""

    def __init__(
        self,
        store: EventStore,
        read_models: ReadModels,
        projections: Sequence[Projection] = PROJECTIONS,
        on_fault: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """``on_fault`` hears of every interruption; the projector then resumes by itself."""
        self._store = store
        self._read_models = read_models
        self._projections = {projection.name: projection for projection in projections}
        self._handed = 0
        self._follower = Follower("projector", store, since=self._begin, take=self._apply_all, on_fault=on_fault)

    @property
    def names(self) -> list[str]:
        """Names of all projections."""
        return list(self._projections)

    def lag(self) -> dict[str, tuple[int, int]]:
        """Return (checkpoint, newest position of the store) by projection name."""
        newest = self._store.position()
        return {name: (self._read_models.checkpoint(name), newest) for name in self._projections}

    def start(self) -> None:
        """Follow the store in a thread until ``stop``."""
        self._follower.start()

    def stop_soon(self) -> None:
        """Ask the thread to end, without waiting for it."""
        self._follower.stop_soon()

    def stop(self) -> None:
        """End the thread; what has been applied stays applied."""
        self._follower.stop()

    def catch_up(self, position: int | None = None, timeout_s: float = 10.0) -> None:
        """Return once everything up to ``position`` (default: the newest) is applied.

        Waits for the running thread, or does the work itself where none runs. Raises ``UnavailableError``.
        """
        target = self._store.position() if position is None else position
        if not self._follower.running:
            self._drain(target)
        elif not self._follower.wait_until(lambda: self._lowest() >= target, timeout_s):
            raise UnavailableError("the read models are behind; try again")

    def rebuild(self, name: str, progress: Callable[[int, int], None] = lambda _done, _all: None) -> int:
        """Empty one read model and make it anew from all events; return how many events were read.

        ``progress`` hears (position, newest). Raises ``NotFoundError`` for an unknown name.
        """
        projection = self._projections.get(name)
        if projection is None:
            raise NotFoundError(f"no projection of that name; there are: {', '.join(self._projections)}")
        newest = self._store.position()
        self._read_models.reset(name, projection.tables)
        seen = 0
        while (checkpoint := self._read_models.checkpoint(name)) < newest:
            events = self._store.read(checkpoint, BATCH)
            if not events:
                break
            self._apply(projection, events, checkpoint)
            seen += len(events)
            progress(events[-1].position, newest)
        return seen

    def _drain(self, target: int) -> None:
        while (lowest := self._lowest()) < target:
            events = self._store.read(lowest, BATCH)
            if not events:
                return
            self._apply_all(events)

    def _apply_all(self, events: list[RecordedEvent]) -> bool:
        """Apply to every projection; False where one of them stands elsewhere than expected: follow anew from there."""
        if not events:
            return self._lowest() >= self._handed  # else somebody set a checkpoint back: a rebuild that was cut off
        in_step = True
        for projection in self._projections.values():
            checkpoint = self._read_models.checkpoint(projection.name)
            if checkpoint < events[0].position - 1 and self._store.read(checkpoint, 1)[0].position < events[0].position:
                in_step = False
                continue
            fresh = [event for event in events if event.position > checkpoint]
            if fresh and not self._apply(projection, fresh, checkpoint):
                in_step = False
        self._handed = events[-1].position
        return in_step

    def _begin(self) -> int:
        self._handed = self._lowest()
        return self._handed

    def _apply(self, projection: Projection, events: list[RecordedEvent], checkpoint: int) -> bool:
        changes = [change for event in events for change in projection.changes(event)]
        return self._read_models.apply(projection.name, changes, expected=checkpoint, position=events[-1].position)

    def _lowest(self) -> int:
        return min(self._read_models.checkpoint(name) for name in self._projections)
