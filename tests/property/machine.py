"""What the state machines of all aggregates share."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hypothesis.stateful import RuleBasedStateMachine, invariant

from adapters.memory.event_store import MemoryEventStore
from domain.act import Act
from domain.errors import DomainRuleError
from entrypoints.bootstrap import AGGREGATES, VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eventsourcing.domain import Aggregate

START = datetime(2030, 1, 1, 8, tzinfo=UTC)
SUBJECT = UUID(int=1)


def numbered_act(number: int) -> Act:
    """The act that many seconds after the start."""
    cause = UUID(int=7) if number % 2 else None
    return Act(f"token:{number}", "http", START + timedelta(seconds=number), UUID(int=number + 100), cause)


class AggregateMachine(RuleBasedStateMachine):
    """One aggregate under random commands.

    A subclass keeps its own small model of the rules; after every step the stored events, sealed and transcoded, must
    give the same aggregate again and each must say who did it and when.
    """

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryEventStore(store_key=bytes(32), aggregates=AGGREGATES, values=VALUES)
        self.aggregate: Any = None
        self.acts: list[Act] = []
        self.refused = False

    def act(self) -> Act:
        """An act one second after the one before it."""
        self.acts.append(numbered_act(len(self.acts)))
        return self.acts[-1]

    @contextmanager
    def expecting(self, error: type[Exception] | None) -> Iterator[None]:
        """Let a command run that must raise exactly this error, changing nothing, or none; then save."""
        before = None if self.aggregate is None else (self.aggregate.version, state(self.aggregate))
        raised: type[Exception] | None = None
        try:
            yield
        except (DomainRuleError, ValueError) as caught:
            raised = type(caught)
        assert raised is error, f"{raised} instead of {error}"
        if error is not None:
            self.acts.pop()
            if before is not None:
                assert (self.aggregate.version, state(self.aggregate)) == before
            return
        self.store.save(self.aggregate)

    @invariant()
    def replay_equals_state(self) -> None:
        if self.aggregate is not None:
            again = self.store.get(type(self.aggregate), self.aggregate.id)
            assert state(again) == state(self.aggregate)
            assert again == self.aggregate

    @invariant()
    def every_event_says_who_and_when(self) -> None:
        if self.aggregate is not None:
            events = self.store.stream(self.aggregate.id)
            assert [event.fields["act"] for event in events] == self.acts
            assert [event.at for event in events] == [act.at for act in self.acts]
            assert [event.version for event in events] == list(range(1, len(self.acts) + 1))
            assert {event.aggregate for event in events} == {type(self.aggregate).TOPIC}


def state(aggregate: Aggregate) -> dict[str, Any]:
    """All attributes of an aggregate that are facts, not bookkeeping."""
    return {name: value for name, value in vars(aggregate).items() if name != "_pending_events"}
