"""Keeps the read models up with the store: follow, apply, resume; never twice, never half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from application.following import Follower
from application.ports.event_store import EventStore, RecordedEvent
from application.ports.read_models import ReadModels, Step
from application.projections.rows import PROJECTIONS, Projection
from domain.errors import NotFoundError, UnavailableError

BATCH: Final = 200
"""Events per transaction when catching up (storage.md: 16 times faster than one by one)."""
FAR: Final = 10 * BATCH
"""Whoever is further behind than that takes ``MANY`` at a time."""
MANY: Final = 2_000


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
        checkpoints = self._read_models.checkpoints(self._projections)
        return {name: (checkpoints[name], newest) for name in self._projections}

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
            events = self._store.read(checkpoint, _size(newest - checkpoint))
            if not events:
                break
            self._read_models.apply_each([_step(projection, checkpoint, events)])
            seen += len(events)
            progress(events[-1].position, newest)
        return seen

    def _drain(self, target: int) -> None:
        while (lowest := self._lowest()) < target:
            events = self._store.read(lowest, _size(target - lowest))
            if not events:
                return
            self._apply_all(events)

    def _apply_all(self, events: list[RecordedEvent]) -> bool:
        """Apply to every projection; False where one of them stands elsewhere than expected: follow anew from there."""
        if not events:
            return self._lowest() >= self._handed  # else somebody set a checkpoint back: a rebuild that was cut off
        in_step, steps = True, []
        for name, checkpoint in self._read_models.checkpoints(self._projections).items():
            if checkpoint < events[0].position - 1 and self._store.read(checkpoint, 1)[0].position < events[0].position:
                in_step = False
            elif checkpoint < events[-1].position:
                steps.append((self._projections[name], checkpoint))
        in_step = not self._take(steps, events) and in_step
        self._handed = events[-1].position
        return in_step

    def _take(self, steps: list[tuple[Projection, int]], events: list[RecordedEvent]) -> bool:
        """Take those projections on, all in one transaction; return whether somebody else moved one of them first."""
        try:
            return bool(self._read_models.apply_each([_step(*step, events) for step in steps]))
        except Exception:
            # One of them cannot: it must not keep the others from going on.
            for projection, checkpoint in steps if len(steps) > 1 else []:
                with suppress(Exception):
                    self._read_models.apply_each([_step(projection, checkpoint, events)])
            raise

    def _begin(self) -> int:
        self._handed = self._lowest()
        return self._handed

    def _lowest(self) -> int:
        return min(self._read_models.checkpoints(self._projections).values())


def _size(behind: int) -> int:
    return MANY if behind > FAR else BATCH


def _step(projection: Projection, checkpoint: int, events: list[RecordedEvent]) -> Step:
    """Return what those events do to a projection that has come to ``checkpoint``."""
    changes = [
        change
        for event in events
        if event.position > checkpoint and (not projection.reads or event.aggregate in projection.reads)
        for change in projection.changes(event)
    ]
    return Step(projection.name, changes, checkpoint, events[-1].position)
