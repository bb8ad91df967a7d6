"""Somebody with the database's superuser, its triggers switched off: whatever one hand does is found, and where."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from adapters.postgres.database import Database
from adapters.postgres.event_log import PostgresEventLog
from adapters.postgres.store import PostgresEventStore
from application import checkpoints
from application.signed_documents import canonical
from application.verification import verify
from application.verification_result import (
    CHECKPOINT_MISMATCH,
    CHECKPOINT_REMOVED,
    CLOSED,
    LOG_CHANGED,
    LOG_REBUILT,
    STREAM_GAP,
    TAIL_CUT,
    Fault,
)
from domain.errors import LogBrokenError, UnavailableError
from domain.journal import JournalEntry
from domain.log_entry import leaf_of
from domain.merkle import Frontier
from tests.contract.stores import KEY, Parcel, parts
from tests.house import House, build_house
from tests.integration.tamperings import TAMPERINGS, Hand

pytestmark = pytest.mark.database

SEED = 20261125
TIMES = 100
EVENTS = 280
TABLES = ("stored_events", "log_leaves", "log_nodes", "log_tail", "log_checkpoints")


class Ward:
    """Services whose store and log are PostgreSQL's, and an intruder beside them."""

    def __init__(self, database: Database, dsn: str) -> None:
        self.store = PostgresEventStore(
            database, store_key=KEY, aggregates=[*parts()["aggregates"], JournalEntry], values=parts()["values"]
        )
        house: House = build_house()
        self.services = replace(house.services, store=self.store, log=PostgresEventLog(database, KEY))
        self.house = house
        self.dsn = dsn

    def fill(self, events: int = EVENTS) -> None:
        parcels = [Parcel(f"box {number}") for number in range(events // 3)]
        for parcel in parcels:
            parcel.repack("again")
        self.store.save(*parcels)
        for parcel in parcels:
            parcel.repack("and again")
        self.store.save(*parcels)
        self.store.save(Parcel("last"))

    def faults(self, **kwargs: Any) -> list[Fault]:
        return verify(self.services, act=self.house.act(), **kwargs).faults

    @contextmanager
    def intruder(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A superuser with every trigger off; what it does is undone in the end."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(f"CREATE TABLE IF NOT EXISTS kept_{table} AS TABLE {table}".encode())
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            yield connection
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}".encode())  # noqa: S608 - fixed words
                connection.execute(f"INSERT INTO {table} TABLE kept_{table}".encode())


@pytest.fixture
def ward(database: Database, dsn: str) -> Ward:
    ward = Ward(database, dsn)
    ward.fill()
    return ward


def where(faults: list[Fault]) -> set[int | None]:
    return {fault.position for fault in faults}


def kinds(faults: list[Fault]) -> set[str]:
    return {fault.kind for fault in faults}


def positions(connection: psycopg.Connection[tuple[Any, ...]]) -> list[int]:
    rows = connection.execute("SELECT notification_id FROM stored_events ORDER BY 1").fetchall()
    return [position for (position,) in rows]


def test_a_hundred_random_tamperings_are_all_found_and_located(ward: Ward) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to do it again
    chance = random.Random(SEED)  # noqa: S311 - for tests
    assert ward.faults() == []
    done: set[str] = set()
    for number in range(TIMES):
        name = chance.choice(list(TAMPERINGS))
        with ward.intruder() as connection:
            places, as_what = TAMPERINGS[name](Hand(connection, chance))
            faults = ward.faults()
        told = f"{number}: {name} {places}: {faults}"
        assert places <= where(faults), told
        named = [fault for fault in faults if fault.position is not None]
        assert {fault.kind for fault in named} == {as_what}, told
        assert where(named) == places, told
        assert kinds(faults) - {as_what} <= {STREAM_GAP}, told
        done.add(name)
    assert done == set(TAMPERINGS)


def rebuild_log(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """What somebody who reads our source can do without our keys: leaves and tail anew."""
    connection.execute("TRUNCATE log_leaves, log_nodes")
    frontier = Frontier()
    nodes: list[tuple[int, int, bytes]] = []
    query = "SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events ORDER BY 1"
    for position, stream, version, topic, state in connection.execute(query).fetchall():
        leaf = leaf_of(position, stream.bytes, version, topic, state)
        connection.execute("INSERT INTO log_leaves VALUES (%s, %s, %s)", (frontier.size, position, leaf))
        frontier.append(leaf, lambda level, index, root: nodes.append((level, index, root)))
    for node in nodes:
        connection.execute("INSERT INTO log_nodes VALUES (%s, %s, %s)", node)
    (sealed,) = connection.execute("SELECT sealed FROM log_tail").fetchone() or (b"",)
    head = frontier.size.to_bytes(8, "big") + positions(connection)[-1].to_bytes(8, "big") + sealed[16:40]
    forged = head + b"".join(frontier.hashes) + sealed[-32:]
    connection.execute("UPDATE log_tail SET sealed = %s", (forged,))


def test_a_rebuilt_log_has_no_tail_that_fits(ward: Ward) -> None:
    """Found without any checkpoint."""
    with ward.intruder() as connection:
        stream = connection.execute("SELECT originator_id FROM stored_events WHERE notification_id = 50").fetchone()
        connection.execute("DELETE FROM stored_events WHERE originator_id = %s", stream)
        rebuild_log(connection)
        with pytest.raises(LogBrokenError):
            checkpoints.make(ward.services, at=ward.house.clock.now())
        assert LOG_CHANGED in kinds(ward.faults())
        assert LOG_CHANGED in kinds(ward.faults()), "and for ever, although the service went on writing"


def test_a_rebuilt_log_under_the_old_tail_is_narrowed_down(ward: Ward) -> None:
    with ward.intruder() as connection:
        (tail,) = connection.execute("SELECT sealed FROM log_tail").fetchone() or (b"",)
        connection.execute("UPDATE stored_events SET state = state || '\\x00' WHERE notification_id = 270")
        rebuild_log(connection)
        connection.execute("UPDATE log_tail SET sealed = %s", (tail,))
        faults = ward.faults()
    (rebuilt,) = [fault for fault in faults if fault.kind == LOG_REBUILT]
    assert (rebuilt.leaf, rebuilt.until_leaf) == (256, 272)
    assert [fault.position for fault in faults if fault.kind == CLOSED] == [270]


def test_a_tail_that_was_rolled_back_with_everything_else_shows_by_what_was_kept_elsewhere(ward: Ward) -> None:
    """Only here: events, leaves and tail of an earlier moment belong together. Memory and checkpoints know better."""
    with psycopg.connect(ward.dsn, autocommit=True) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE early_{table} AS TABLE {table}".encode())
    ward.store.save(Parcel("of today"))
    kept = canonical(checkpoints.make(ward.services, at=ward.house.clock.now()))
    with ward.intruder() as connection:
        for table in TABLES:
            connection.execute(f"TRUNCATE {table}".encode())
            connection.execute(f"INSERT INTO {table} TABLE early_{table}".encode())
        with pytest.raises(LogBrokenError):
            checkpoints.make(ward.services, at=ward.house.clock.now())
        assert {TAIL_CUT, CHECKPOINT_REMOVED} == kinds(ward.faults())
        ward.services.log_memory.remember({})
        assert ward.faults() == [], "state directory and database of one moment: nothing in the house can tell"
        assert {CHECKPOINT_MISMATCH, CHECKPOINT_REMOVED} == kinds(ward.faults(against=[kept])), "grown since"


def test_a_tail_alone_that_was_rolled_back_is_found_and_not_carried_on_in_silence(ward: Ward) -> None:
    with ward.intruder() as connection:
        early = connection.execute("SELECT * FROM log_tail").fetchone()
        ward.store.save(Parcel("today"))
        connection.execute("TRUNCATE log_tail")
        connection.execute("INSERT INTO log_tail VALUES (%s, %s)", early)
        assert LOG_CHANGED in kinds(ward.faults())
        ward.store.save(Parcel("tomorrow"))
        (fault, *_) = [fault for fault in ward.faults() if fault.kind == LOG_CHANGED]
        assert early is not None
        assert fault.leaf == int.from_bytes(early[1][:8], "big")


def test_a_log_that_was_emptied_is_begun_anew_only_with_saying_so(ward: Ward) -> None:
    assert ward.faults() == []
    with ward.intruder() as connection:
        connection.execute("TRUNCATE log_leaves, log_nodes, log_tail")
        connection.execute("DELETE FROM stored_events WHERE notification_id = 5")
        ward.store.save(Parcel("today"))
        faults = ward.faults()
        assert {LOG_REBUILT, STREAM_GAP} == kinds(faults)


def test_a_leaf_far_out_stops_writing_and_leaves_no_event_without_its_leaf(ward: Ward) -> None:
    with ward.intruder() as connection:
        connection.execute("INSERT INTO log_leaves VALUES (9000000000, 9000000000, '\\x00')")
        before = len(positions(connection))
        with pytest.raises(UnavailableError):
            ward.store.save(Parcel("today"))
        assert len(positions(connection)) == before
        assert LOG_CHANGED in kinds(ward.faults())


def test_hashes_that_were_kept_are_compared_too(ward: Ward) -> None:
    with ward.intruder() as connection:
        connection.execute("UPDATE log_nodes SET hash = sha256(hash)")
        (fault,) = ward.faults()
    assert (fault.kind, fault.leaf, fault.until_leaf) == (LOG_CHANGED, 0, 256)
