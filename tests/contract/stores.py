"""Event stores under contract, and aggregates to put into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

import psycopg
from eventsourcing.domain import Aggregate, event
from psycopg.sql import SQL, Identifier

from adapters.memory.event_store import MemoryEventStore
from adapters.postgres.store import PostgresEventStore
from domain.act import Act
from domain.attempt import Attempt, Evidence, MatchFacts
from domain.consent import Consent
from domain.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.postgres.database import Database

Store = MemoryEventStore | PostgresEventStore

KEY = bytes(range(32))
NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Dimensions:
    width: int
    label: str | None = None


class Parcel(Aggregate):
    TOPIC: ClassVar[str] = "test_parcel"

    @event("Created", topic="test_parcel.created.v1")
    def __init__(self, content: Any) -> None:
        self.content = content

    @event("Repacked", topic="test_parcel.repacked.v1")
    def repack(self, content: Any) -> None:
        self.content = content


class Stowaway(Aggregate):
    TOPIC: ClassVar[str] = "test_stowaway"

    @event("Created", topic="test_stowaway.created.v1")
    def __init__(self) -> None:
        self.hidden = True


@dataclass
class Place:
    """A store, a way to open the same data again, and a way to break into its rows."""

    store: Store
    reopen: Callable[[bytes], Store]
    tamper: Callable[..., None]

    def state(self, position: int) -> bytes:
        """The sealed bytes of one row, as a thief would have them."""
        found: list[bytes] = []

        def look(state: bytes) -> bytes:
            found.append(state)
            return state

        self.tamper(position, state=look)
        return found[0]


def parts(key: bytes = KEY) -> dict[str, Any]:
    return {
        "store_key": key,
        "aggregates": [Attempt, Consent, Session, Parcel],
        "values": [Act, Dimensions, Evidence, MatchFacts],
    }


def memory_place() -> Place:
    store = MemoryEventStore(**parts())

    def reopen(key: bytes) -> Store:
        other = MemoryEventStore(**parts(key))
        other._listenable._stored_events = store._listenable._stored_events
        other._listenable._stored_events_index = store._listenable._stored_events_index
        return other

    def tamper(position: int, **columns: Any) -> None:
        row = store._listenable._stored_events[position - 1]
        for name, value in columns.items():
            object.__setattr__(row, name, value(row.state) if callable(value) else value)

    return Place(store, reopen, tamper)


def postgres_place(database: Database, dsn: str) -> Place:
    def tamper(position: int, **columns: Any) -> None:
        with psycopg.connect(dsn) as intruder:
            intruder.execute("ALTER TABLE stored_events DISABLE TRIGGER ALL")
            for name, value in columns.items():
                query = "SELECT state FROM stored_events WHERE notification_id = %s"
                (state,) = intruder.execute(query, (position,)).fetchone() or (b"",)
                change = SQL("UPDATE stored_events SET {} = %s WHERE notification_id = %s").format(Identifier(name))
                intruder.execute(change, (value(state) if callable(value) else value, position))

    return Place(
        PostgresEventStore(database, **parts()), lambda key: PostgresEventStore(database, **parts(key)), tamper
    )


def act() -> Act:
    return Act("operator:cli", "cli", NOW, uuid4())


def consent(subject_id: UUID | None = None) -> Consent:
    return Consent.grant(
        subject_id or uuid4(), "authentication", legal_basis="art. 11 I", notice=("1", "ab" * 32), act=act()
    )


def saved(store: Store) -> Consent:
    fresh = consent()
    store.save(fresh)
    return fresh
