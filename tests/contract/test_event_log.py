"""What every event log promises: leaves with their events, checkpoints, and faults that are found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from adapters.memory.event_log import MemoryEventLog
from adapters.postgres.event_log import PostgresEventLog
from application.ports.event_log import Evidence
from application.ports.event_store import Claim
from domain.errors import ClaimTakenError, ConcurrencyError, NotFoundError
from domain.log_entry import leaf_of
from domain.merkle import TILE, Frontier, Tree, included
from tests.contract.stores import KEY, Parcel, consent, saved

if TYPE_CHECKING:
    from adapters.postgres.database import Database
    from tests.contract.stores import Store

NOW = datetime(2030, 5, 17, 8, 30, tzinfo=UTC)


@pytest.fixture
def log(store: Store, request: pytest.FixtureRequest) -> MemoryEventLog | PostgresEventLog:
    if hasattr(store, "log"):
        return store.log
    database: Database = request.getfixturevalue("database")
    return PostgresEventLog(database, KEY)


Log = MemoryEventLog | PostgresEventLog


def test_a_log_of_nothing_has_no_tail(log: Log) -> None:
    with log.reading() as reading:
        assert reading.tail() is None
        assert reading.newest() == (0, -1)
        assert list(reading.leaves(0, 10)) == []


def test_every_event_has_its_leaf_in_the_order_of_the_store(store: Store, log: Log) -> None:
    parcels = [Parcel(f"box {number}") for number in range(300)]
    store.save(*parcels[:200])
    for parcel in parcels[200:]:
        store.save(parcel)

    with log.reading() as reading:
        rows, leaves, tail = reading.rows(0, None, 1000), reading.leaves(0, 1000), reading.tail()
        frontier = Frontier()
        for row, leaf in zip(rows, leaves, strict=True):
            assert leaf.hash == leaf_of(*row)
            assert leaf.position == row.position
            assert reading.opens(row)
            assert not reading.opens(row._replace(version=row.version + 1))
            assert not reading.opens(row._replace(state=b""))
            assert not reading.opens(row._replace(topic="\udc80"))
            frontier.append(leaf.hash)
        assert [leaf.index for leaf in leaves] == list(range(300))
        assert tail is not None
        assert (tail.size, tail.hashes, tail.last_position) == (300, frontier.hashes, rows[-1].position)
        assert (tail.sound, tail.begun_size, tail.suspect_since) == (True, 0, None)
        assert len(reading.hashes(8, 0, 5)) == 300 // TILE
        tree = Tree(300, reading.hashes)
        assert included(leaves[7].hash, 7, 300, tail.frontier().root, tree.inclusion(7))
        assert [row.position for row in reading.rows(rows[3].position, rows[6].position, 100)] == [
            row.position for row in rows[4:7]
        ]
        assert reading.broken_streams(5) == []


def test_an_event_that_is_refused_leaves_no_leaf(store: Store, log: Log) -> None:
    first = saved(store)
    other = consent()
    store.save(consent(), claim=[Claim("username", "d", first.id)])
    with pytest.raises(ClaimTakenError):
        store.save(other, claim=[Claim("username", "d", other.id)])
    stale = consent()
    with pytest.raises(ConcurrencyError):
        store.save(stale, unchanged=[other])

    with log.reading() as reading:
        assert len(reading.leaves(0, 10)) == len(reading.rows(0, None, 10)) == 2


def test_checkpoints_are_kept_in_order_and_no_number_twice(log: Log) -> None:
    assert log.newest_checkpoint() is None
    for number in (1, 2, 3):
        log.keep_checkpoint(number, number * 10, NOW, b"envelope %d" % number)
    with pytest.raises(ConcurrencyError):
        log.keep_checkpoint(2, 5, NOW, b"another")
    with pytest.raises(NotFoundError):
        log.checkpoint(4)

    assert log.checkpoint(2) == b"envelope 2"
    assert log.newest_checkpoint() == (3, b"envelope 3")
    with log.reading() as reading:
        assert list(reading.checkpoints(1, 1)) == [(2, b"envelope 2")]


def test_evidence_of_an_anchor_is_not_lost_again(log: Log) -> None:
    failed = Evidence(1, "witness", NOW, b"", "unavailable", 1)
    log.note_evidence(failed)
    assert list(log.evidence()) == [failed]
    taken = Evidence(1, "witness", NOW, b"receipt", "", 2)
    log.note_evidence(taken)
    log.note_evidence(failed)
    assert list(log.evidence()) == [taken]
    assert list(log.evidence(after=1)) == []
