"""Leaves of the log, written in the transaction of their events, in the same two round trips."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from adapters.eventstore.log import Growth, TailKeeper, frontier_of
from adapters.postgres.statements import statement
from application.ports.event_log import Leaf, StoredRow, Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from eventsourcing.persistence import StoredEvent
    from psycopg import Cursor
    from psycopg.rows import DictRow

    from adapters.postgres.database import Database

BATCH: Final = 5_000
"""Rows at a time while a log is made of what is there already."""


Before = tuple[bytes | None, int]
"""(the tail as it was kept, index of the newest leaf), both from before the events: None and -1 where there is none."""


class LogWriter:
    """Appends to the log under the lock that serialises writers of events. Safe from several threads."""

    def __init__(self, store_key: bytes) -> None:
        """Seal tails with a key that comes from the store key."""
        self.tails = TailKeeper(store_key)

    def append(
        self, cursor: Cursor[DictRow], events: Sequence[StoredEvent], positions: Sequence[int], before: Before
    ) -> None:
        """Add the leaves of events that were just inserted; goes out together with the commit."""
        tail, usual = self._standing(cursor, positions[0] - 1, before)
        rows = (
            StoredRow(position, event.originator_id.bytes, event.originator_version, event.topic, event.state)  # type: ignore[union-attr]
            for position, event in zip(positions, events, strict=True)
        )
        growth = TailKeeper.grow(tail, rows)
        if usual and len(growth.leaves) == 1 and not growth.nodes:
            (leaf,) = growth.leaves
            columns = leaf._asdict() | {"sealed": self.tails.sealed(growth.tail)}
            cursor.execute(statement("log_append_one"), columns, prepare=True)
        else:
            columns = _columns(growth) | {"sealed": self.tails.sealed(growth.tail)}
            cursor.execute(statement("log_append"), columns, prepare=True)

    def _standing(self, cursor: Cursor[DictRow], last_position: int, before: Before) -> tuple[Tail, bool]:
        """Return (the tail to go on from, whether there is a row of it).

        Where that is not as it must be, one that says so from here on.
        """
        sealed, newest = before
        if sealed is None:
            return self._begin(cursor, last_position), False
        tail = self.tails.opened(sealed)
        if tail.sound and newest == tail.size - 1:
            return tail, True
        return TailKeeper.mended(tail, *frontier_of(_leaves(cursor))), True

    def _begin(self, cursor: Cursor[DictRow], last_position: int) -> Tail:
        """Make the log of what is there already. Of much, ``backfill`` did most of it before."""
        tail, _ = _fill(cursor, last_position)
        return TailKeeper.begin(tail.begun_at, tail.frontier(), tail.last_position)


def backfill(database: Database, progress: Callable[[int, int], None] = lambda _done, _of: None) -> int:
    """Make leaves of the events that were there before the log; return how many. ``progress`` hears positions.

    Can be cut off anywhere and goes on from there. The next append does what came meanwhile, under its lock, and begins
    the log. Raises ``UnavailableError``.
    """
    if _begun(database):
        return 0
    with database.mutex("faceauth.log.backfill"), database.dedicated() as connection:
        if _begun(database):
            return 0
        row = connection.execute(statement("log_newest")).fetchone()
        last = 0 if row is None else int(row["position"])
        return _fill(connection.cursor(), last, progress)[1]


def _begun(database: Database) -> bool:
    with database.connection() as connection:
        return connection.execute("SELECT 1 FROM log_tail").fetchone() is not None


def _fill(
    cursor: Cursor[DictRow], until: int, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> tuple[Tail, int]:
    frontier, position = frontier_of(_leaves(cursor))
    tail, done = TailKeeper.begin(datetime.now(UTC), frontier, position), 0
    for rows in _rows(cursor, position, until):
        growth = TailKeeper.grow(tail, rows)
        cursor.execute(statement("log_fill"), _columns(growth))
        tail, done = growth.tail, done + len(rows)
        progress(tail.last_position, until)
    return tail, done


def _rows(cursor: Cursor[DictRow], after: int, until: int) -> Iterator[list[StoredRow]]:
    while True:
        cursor.execute(statement("log_rows"), {"after": after, "until": until, "limit": BATCH})
        rows = [stored_row(row) for row in cursor.fetchall()]
        if not rows:
            return
        yield rows
        after = rows[-1].position


def _leaves(cursor: Cursor[DictRow]) -> Iterator[list[Leaf]]:
    first = 0
    while True:
        cursor.execute(statement("log_leaves_read"), {"first": first, "limit": BATCH})
        leaves = [Leaf(row["index"], row["position"], bytes(row["hash"])) for row in cursor.fetchall()]
        if not leaves:
            return
        yield leaves
        first = leaves[-1].index + 1


def stored_row(row: Mapping[str, Any]) -> StoredRow:
    """Return a row of stored_events."""
    return StoredRow(
        row["notification_id"],
        row["originator_id"].bytes,
        row["originator_version"],
        row["topic"] or "",
        bytes(row["state"] or b""),
    )


def _columns(growth: Growth) -> dict[str, Any]:
    return {
        "first": growth.leaves[0].index if growth.leaves else growth.tail.size,
        "positions": [leaf.position for leaf in growth.leaves],
        "hashes": [leaf.hash for leaf in growth.leaves],
        "levels": [level for level, _, _ in growth.nodes],
        "indexes": [index for _, index, _ in growth.nodes],
        "roots": [root for _, _, root in growth.nodes],
    }
