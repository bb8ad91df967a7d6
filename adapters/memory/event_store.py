"""Event store in memory: the library's plain-object recorder behind the same sealing as PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.eventstore.core import BATCH, POLL_SECONDS, FactRecorder, RecorderEventStore
from adapters.eventstore.reading import row_of
from adapters.memory.event_log import MemoryEventLog
from application.ports.event_log import StoredRow
from application.ports.event_store import Claim, Holder
from domain.errors import ClaimTakenError, ConcurrencyError, InProgressError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from eventsourcing.domain import Aggregate

    from adapters.eventstore.reading import Row
    from application.ports.event_store import RecordedEvent


class MemoryRecorder(POPOApplicationRecorder, FactRecorder):
    """Lists and dictionaries under one lock."""

    def __init__(self, store_key: bytes) -> None:
        """Start empty."""
        super().__init__()
        self.log = MemoryEventLog(store_key, self._rows)
        self._claims: dict[tuple[str, str], UUID] = {}

    def select_after(self, after: int, limit: int) -> Sequence[Row]:
        """Return rows with a higher position, in order."""
        return [row_of(row) for row in self.select_notifications(after, limit, inclusive_of_start=False)]

    def select_stream(self, originator_id: UUID) -> Sequence[Row]:
        """Return one stream's rows with their positions."""
        with self._database_lock:
            places = sorted(self._stored_events_index.get(str(originator_id), {}).items())
            rows = [(place + 1, self._stored_events[place]) for _, place in places]
        return [row_of(Notification(id=position, **vars(row))) for position, row in rows]

    def select_positions(self, positions: Collection[int]) -> Sequence[Row]:
        """Return the rows at those positions, in order."""
        with self._database_lock:
            rows = [(place, self._stored_events[place - 1]) for place in sorted(set(positions)) if self._has(place)]
        return [row_of(Notification(id=position, **vars(row))) for position, row in rows]

    def select_of(self, after: int, limit: int, topics: Collection[str]) -> Sequence[Row]:
        """Return rows with a higher position, in order, whose topics are among those."""
        with self._database_lock:
            rows = list(enumerate(self._stored_events, start=1))[after:]
        found = [row_of(Notification(id=position, **vars(row))) for position, row in rows if row.topic in topics]
        return found[:limit]

    def _has(self, position: int) -> bool:
        return 0 < position <= len(self._stored_events)

    def select_versions(self, originator_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return the newest version of each of those streams that has any."""
        with self._database_lock:
            streams = {wanted: self._stored_events_index.get(str(wanted), {}) for wanted in originator_ids}
        return {wanted: max(stream) for wanted, stream in streams.items() if stream}

    def select_claimant(self, kind: str, digest: str) -> UUID | None:
        """Return the holder of a claim."""
        with self._database_lock:
            return self._claims.get((kind, digest))

    def _rows(self) -> list[StoredRow]:
        with self._database_lock:
            return [_row(place + 1, event) for place, event in enumerate(self._stored_events)]

    def _update_table(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        positions = super()._update_table(stored_events, **kwargs)
        if positions:
            self.log.append([_row(position, event) for position, event in zip(positions, stored_events, strict=True)])
        return positions

    def _assert_uniqueness(
        self,
        stored_events: Sequence[StoredEvent],
        unchanged: Sequence[tuple[UUID, int]] = (),
        claim: Sequence[Claim] = (),
        release: Sequence[Claim | Holder] = (),
        **kwargs: Any,
    ) -> None:
        super()._assert_uniqueness(stored_events, **kwargs)
        for aggregate_id, version in unchanged:
            if max(self._stored_events_index.get(str(aggregate_id), {}), default=0) != version:
                raise ConcurrencyError("something that was to stay unchanged has changed")
        claims = dict(self._claims)
        for freed in release:
            claims = {place: holder for place, holder in claims.items() if not _frees(freed, place, holder)}
        for wanted in claim:
            if claims.setdefault((wanted.kind, wanted.digest), wanted.subject_id) != wanted.subject_id:
                raise ClaimTakenError(wanted.kind)
        # The base class holds the lock around this check and the insertion, which can no longer fail.
        self._claims = claims


def _row(position: int, event: StoredEvent) -> StoredRow:
    stream = event.originator_id if isinstance(event.originator_id, UUID) else UUID(event.originator_id)
    return StoredRow(position, stream.bytes, event.originator_version, event.topic, event.state)


def _frees(freed: Claim | Holder, place: tuple[str, str], holder: UUID) -> bool:
    if holder != freed.subject_id:
        return False
    if isinstance(freed, Holder):
        return freed.kind in {None, place[0]}
    return place == (freed.kind, freed.digest)


class MemoryEventStore(RecorderEventStore):
    """The event store for tests and trials: same rules, nothing kept."""

    def __init__(self, *, store_key: bytes, aggregates: Sequence[type[Aggregate]], values: Sequence[type]) -> None:
        """See ``RecorderEventStore``."""
        recorder = MemoryRecorder(store_key)
        super().__init__(recorder, store_key=store_key, aggregates=aggregates, values=values)
        self.log = recorder.log
        self._listenable = recorder
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @contextmanager
    def follow(self, after: int) -> Iterator[Iterator[list[RecordedEvent]]]:
        """Follow the store from a position on. See the port."""
        news = Event()
        self._listenable.listen(news)
        try:
            yield self._batches(after, news)
        finally:
            self._listenable.unlisten(news)

    @contextmanager
    def mutex(self, name: str, *, wait: bool = True) -> Iterator[None]:
        """Hold a named lock. See the port."""
        if not self._locks[name].acquire(blocking=wait):
            raise InProgressError("somebody else is doing this right now")
        try:
            yield
        finally:
            self._locks[name].release()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise ConcurrencyError("somebody else changed the same thing first") from None

    def _batches(self, after: int, news: Event) -> Iterator[list[RecordedEvent]]:
        while True:
            news.clear()
            batch = self.read(after, BATCH)
            if not batch:
                news.wait(POLL_SECONDS)
                batch = self.read(after, BATCH)
            if batch:
                after = batch[-1].position
            yield batch
