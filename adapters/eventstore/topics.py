"""The topics that may be resolved: those of registered aggregates and their events, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventsourcing.domain import CanMutateAggregate
from eventsourcing.utils import get_topic, register_topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from eventsourcing.domain import Aggregate


class TopicRegistry:
    """Allow-list of pinned topics.

    The library imports whatever module a stored topic names; a row that names a topic outside this list must never
    get that far.
    """

    def __init__(self, aggregates: Sequence[type[Aggregate]]) -> None:
        """Take in aggregates with all their events. Raises ``ValueError`` for one without a pinned topic."""
        self._aggregate_of: dict[str, str] = {}
        self._aggregates: set[str] = set()
        self._changed: set[str] = set()
        for aggregate in aggregates:
            topic = _pinned(aggregate)
            self._aggregates.add(topic)
            for event in _events(aggregate):
                self._aggregate_of[_pinned(event)] = topic
                if getattr(event, "class_version", 1) > 1:
                    self._changed.add(_pinned(event))

    def knows_event(self, topic: str) -> bool:
        """Say whether an event of that topic may be read."""
        return topic in self._aggregate_of

    def knows_aggregate(self, topic: object) -> bool:
        """Say whether an aggregate of that topic may be built."""
        return topic in self._aggregates

    def first_versions(self) -> frozenset[str]:
        """Return the topics of events that are still in their first form: there is nothing to bring up to date."""
        return frozenset(self._aggregate_of.keys() - self._changed)

    def of(self, aggregates: Collection[str]) -> list[str]:
        """Return the topics of those aggregates' events, sorted."""
        return sorted(topic for topic, aggregate in self._aggregate_of.items() if aggregate in aggregates)

    def aggregate_of(self, event_topic: str) -> str:
        """Return the topic of the aggregate that event belongs to, "" for an unknown one."""
        return self._aggregate_of.get(event_topic, "")


def _events(aggregate: type[Aggregate]) -> Iterator[type[Any]]:
    for value in vars(aggregate).values():
        if isinstance(value, type) and issubclass(value, CanMutateAggregate) and "TOPIC" in vars(value):
            yield value


def _pinned(cls: type[Any]) -> str:
    if "TOPIC" not in vars(cls):
        raise ValueError(f"{cls.__qualname__} has no pinned topic")
    topic = get_topic(cls)
    register_topic(topic, cls)
    return topic
