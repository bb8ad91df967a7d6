"""The event store proper, over any recorder that can also keep claims."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, cast

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import OriginatorIDError, OriginatorVersionError
from eventsourcing.persistence import ApplicationRecorder
from eventsourcing.popo import POPOFactory
from eventsourcing.utils import Environment

from adapters.eventstore.mapper import SealingMapper
from adapters.eventstore.reading import RowReader
from adapters.eventstore.topics import TopicRegistry
from adapters.eventstore.transcoding import FaithfulTranscoder
from application.ports.event_store import AggregateT, Claim, Holder, RecordedEvent
from domain.errors import NotFoundError, SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from uuid import UUID

    from eventsourcing.domain import Aggregate
    from eventsourcing.persistence import InfrastructureFactory, Mapper

    from adapters.eventstore.reading import Row

BATCH: Final = 200
"""Events per batch when following (storage.md: 16 times faster than one by one)."""
MOST_EVENTS: Final = 500
"""Events in one save. Beyond about a thousand psycopg's pipeline and the server wait for each other for ever."""
POLL_SECONDS: Final = 1.0
"""A notification can get lost between a pull and LISTEN, so look anyway this often."""


class FactRecorder(ApplicationRecorder):
    """A recorder that also honours ``unchanged``, ``claim`` and ``release`` when it inserts."""

    @abstractmethod
    def select_after(self, after: int, limit: int) -> Sequence[Row]:
        """Return rows with a higher position, in order."""

    @abstractmethod
    def select_stream(self, originator_id: UUID) -> Sequence[Row]:
        """Return one stream's rows with their positions."""

    @abstractmethod
    def select_positions(self, positions: Collection[int]) -> Sequence[Row]:
        """Return the rows at those positions, in order."""

    @abstractmethod
    def select_of(self, after: int, limit: int, topics: Collection[str]) -> Sequence[Row]:
        """Return rows with a higher position, in order, whose topics are among those."""

    @abstractmethod
    def select_versions(self, originator_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return the newest version of each of those streams that has any."""

    @abstractmethod
    def select_claimant(self, kind: str, digest: str) -> UUID | None:
        """Return the holder of a claim."""


class _StoreApplication(Application["UUID"]):
    """The library's application, assembled from given parts instead of environment variables."""

    def __init__(self, recorder: FactRecorder, mapper: SealingMapper) -> None:
        self._given_recorder = recorder
        self._given_mapper = mapper
        super().__init__()

    def construct_env(self, name: str, env: Any = None) -> Environment:  # noqa: ARG002 - the process's variables must not reconfigure the store
        return Environment(name)

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        # Only assembles the parts given here; it keeps nothing itself.
        return cast("InfrastructureFactory", POPOFactory(env))

    def construct_mapper(self) -> Mapper[UUID]:
        return self._given_mapper

    def construct_recorder(self) -> ApplicationRecorder:
        return self._given_recorder


class RecorderEventStore:
    """Everything of ``application.ports.event_store.EventStore`` but following and locking."""

    def __init__(
        self, recorder: FactRecorder, *, store_key: bytes, aggregates: Sequence[type[Aggregate]], values: Sequence[type]
    ) -> None:
        """Assemble the store.

        ``store_key`` (32 bytes) seals every row; ``aggregates`` are all that may be stored; ``values`` are the frozen
        dataclasses that their events carry, known in storage by their class names.
        """
        self._recorder = recorder
        self._topics = TopicRegistry(aggregates)
        transcoder = FaithfulTranscoder(values)
        self._mapper = SealingMapper(transcoder, self._topics, store_key)
        self._reader = RowReader(store_key, self._topics, transcoder, self._mapper)
        self._application = _StoreApplication(recorder, self._mapper)

    def save(
        self,
        *aggregates: Aggregate,
        unchanged: Sequence[Aggregate] = (),
        claim: Sequence[Claim] = (),
        release: Sequence[Claim | Holder] = (),
    ) -> int:
        """Append all pending events in one transaction. See the port."""
        if sum(len(aggregate.pending_events) for aggregate in aggregates) > MOST_EVENTS:
            raise ValueError(f"one save takes at most {MOST_EVENTS} events: divide the work")
        read_at = [(a.id, a.version - len(a.pending_events)) for a in unchanged]
        with self._errors():
            recordings = self._application.save(*aggregates, unchanged=read_at, claim=claim, release=release)
        return recordings[-1].notification.id if recordings else self.position()

    def get(self, kind: type[AggregateT], aggregate_id: UUID) -> AggregateT:
        """Return the aggregate, strongly consistent. See the port. Raises ``SealBrokenError`` for a damaged stream."""
        with self._errors():
            try:
                found: object = self._application.repository.get(aggregate_id)
            except AggregateNotFoundError:
                found = None
            except (AssertionError, OriginatorIDError, OriginatorVersionError):
                # The library's way of saying that the first events of a stream, or some between, are not there.
                raise SealBrokenError("events of a stream are missing or in another order") from None
        if not isinstance(found, kind):
            raise NotFoundError(f"no such {kind.__name__.lower()}")
        return found

    def versions(self, aggregate_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many events each of those streams has by now. See the port."""
        with self._errors():
            return self._recorder.select_versions(aggregate_ids)

    def claimant(self, kind: str, digest: str) -> UUID | None:
        """Return the subject that holds that claim."""
        with self._errors():
            return self._recorder.select_claimant(kind, digest)

    def read(self, after: int = 0, limit: int = BATCH, aggregates: Collection[str] = ()) -> list[RecordedEvent]:
        """Return events with position > after, in order. See the port."""
        with self._errors():
            if aggregates:
                rows = self._recorder.select_of(after, limit, self._topics.of(aggregates))
            else:
                rows = self._recorder.select_after(after, limit)
        return self._reader.events(rows)

    def at(self, positions: Collection[int]) -> list[RecordedEvent]:
        """Return the events at those positions, in order. See the port."""
        with self._errors():
            rows = self._recorder.select_positions(positions)
        return self._reader.events(rows)

    def stream(self, aggregate_id: UUID) -> list[RecordedEvent]:
        """Return one aggregate's events in order; empty when there is none."""
        with self._errors():
            rows = self._recorder.select_stream(aggregate_id)
        return self._reader.events(rows)

    def position(self) -> int:
        """Return the position of the newest event, 0 for an empty store."""
        with self._errors():
            return self._recorder.max_notification_id() or 0

    def _errors(self) -> AbstractContextManager[None]:
        """Translate what the recorder raises into the errors of the port; the one place for it."""
        return nullcontext()
