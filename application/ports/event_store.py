"""Where facts are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from eventsourcing.domain import Aggregate

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

AggregateT = TypeVar("AggregateT", bound=Aggregate)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One stored event. ``name`` is its pinned topic, for example "consent.withdrawn.v1".

    ``position`` grows with commit order (with holes); ``fields`` are the event's own attributes as domain values.
    ``aggregate`` is the pinned topic of the aggregate. A row that cannot be opened has name "damaged" and no fields;
    its ``topic`` as it stands in the row, and the ``size`` of what it holds in bytes, are all that is known of it, and
    its ``aggregate`` is "" where the topic is none of this version's.
    """

    position: int
    aggregate: str
    aggregate_id: UUID
    version: int
    name: str
    at: datetime
    fields: Mapping[str, Any] = field(repr=False)
    topic: str = ""
    size: int = 0

    @property
    def dated(self) -> bool:
        """Whether ``at`` means anything."""
        return not self.topic


@dataclass(frozen=True, slots=True)
class Claim:
    """A unique value that belongs to one subject while it stands: kind ("username", "user_id") and keyed digest."""

    kind: str
    digest: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Holder:
    """Whatever claims a subject holds, or those of one kind: for releasing what cannot be read any more."""

    subject_id: UUID
    kind: str | None = None


class EventStore(Protocol):
    """Append-only streams of events. Everything given to one ``save`` commits together or not at all."""

    def save(
        self,
        *aggregates: Aggregate,
        unchanged: Sequence[Aggregate] = (),
        claim: Sequence[Claim] = (),
        release: Sequence[Claim | Holder] = (),
    ) -> int:
        """Append all pending events; return the position of the last one (the current position when there is none).

        ``unchanged`` aggregates must still be at the version that was read, checked under the lock that serialises
        writers. Raises ``ConcurrencyError`` when one of them or of the saved ones moved on (their pending events are
        gone: reload and decide again), ``ClaimTakenError`` when a claim belongs to another subject (claiming what the
        subject has already is no error), ``UnavailableError`` when the store cannot be reached.
        """
        ...

    def get(self, kind: type[AggregateT], aggregate_id: UUID) -> AggregateT:
        """Return the aggregate, strongly consistent. Raises ``NotFoundError``, ``UnavailableError``."""
        ...

    def versions(self, aggregate_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many events each of those streams has by now, strongly consistent; empty ones are not in it.

        Far cheaper than ``get``: whoever kept an aggregate can tell whether it is still as it was.
        """
        ...

    def claimant(self, kind: str, digest: str) -> UUID | None:
        """Return the subject that holds that claim."""
        ...

    def read(self, after: int = 0, limit: int = 200, aggregates: Collection[str] = ()) -> list[RecordedEvent]:
        """Return events with position > after, in order; with ``aggregates``, of those pinned topics alone."""
        ...

    def at(self, positions: Collection[int]) -> list[RecordedEvent]:
        """Return the events at those positions, in order; where there is none, none."""
        ...

    def stream(self, aggregate_id: UUID) -> list[RecordedEvent]:
        """Return one aggregate's events in order; empty when there is none."""
        ...

    def follow(self, after: int) -> AbstractContextManager[Iterator[list[RecordedEvent]]]:
        """Follow the store from a position on.

        The iterator yields batches in order, as they commit; an empty list at least once a second when there is
        nothing new, so that the caller can look at its stop flag. Raises ``UnavailableError`` when the store is lost:
        follow again from the last position.
        """
        ...

    def position(self) -> int:
        """Return the position of the newest event, 0 for an empty store. Raises ``UnavailableError``."""
        ...

    def mutex(self, name: str, *, wait: bool = True) -> AbstractContextManager[None]:
        """Hold a named lock across all processes that use this store; it is let go of when the process dies.

        Raises ``InProgressError`` at once where somebody else holds it and ``wait`` is False, else
        ``UnavailableError`` after half a minute.
        """
        ...
