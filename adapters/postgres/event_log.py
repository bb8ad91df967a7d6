"""The log over the stored events on PostgreSQL, as those see it who check it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg.rows import tuple_row

from adapters.eventstore.mapper import Opener
from adapters.postgres.database import translated
from adapters.postgres.log_writer import LogWriter
from adapters.postgres.statements import statement
from application.ports.event_log import Evidence, Leaf, StoredRow
from domain.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from psycopg import Connection
    from psycopg.rows import DictRow

    from adapters.postgres.database import Database
    from application.ports.event_log import Tail

TO_THE_END: Final = (1 << 63) - 1


class PostgresReading:
    """``application.ports.event_log.LogReading`` over one transaction."""

    def __init__(self, connection: Connection[DictRow], writer: LogWriter, opener: Opener) -> None:
        """Read through a connection that is in a repeatable read transaction."""
        self._connection = connection
        self._writer = writer
        self.opener = opener
        self._quick = connection.cursor(binary=True, row_factory=tuple_row)

    def tail(self) -> Tail | None:
        """Return the tail. See the port."""
        row = self._connection.execute(statement("log_tail")).fetchone()
        return None if row is None else self._writer.tails.opened(bytes(row["sealed"]))

    def newest(self) -> tuple[int, int]:
        """Return (position of the newest event, index of the newest leaf). See the port."""
        row = self._connection.execute(statement("log_newest")).fetchone()
        return (0, -1) if row is None else (row["position"], row["leaf"])

    def leaves(self, first: int, count: int) -> Sequence[Leaf]:
        """Return leaves in order. See the port."""
        found = self._quick.execute(statement("log_leaves_read"), {"first": first, "limit": count}).fetchall()
        return [Leaf._make(row) for row in found]

    def rows(self, after: int, until: int | None, limit: int) -> Sequence[StoredRow]:
        """Return rows in order. See the port."""
        wanted = {"after": after, "until": TO_THE_END if until is None else until, "limit": limit}
        return [StoredRow._make(row) for row in self._quick.execute(statement("log_rows_raw"), wanted).fetchall()]

    def opens(self, row: StoredRow) -> bool:
        """Say whether the row opens. See the port."""
        return self.opener.opens(row.stream, row.version, row.topic, row.state)

    def hashes(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        """Return kept hashes. See the port."""
        if level == 0:
            return [leaf.hash for leaf in self.leaves(start, stop - start)]
        wanted = {"level": level, "start": start, "stop": stop}
        return [hash_ for (hash_,) in self._quick.execute(statement("log_level_read"), wanted).fetchall()]

    def broken_streams(self, limit: int) -> Sequence[tuple[UUID, int, int]]:
        """Return streams with gaps. See the port."""
        rows = self._connection.execute(statement("log_broken_streams"), {"limit": limit}).fetchall()
        return [(row["originator_id"], row["events"], row["newest"]) for row in rows]

    def checkpoints(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return checkpoints in order. See the port."""
        rows = self._connection.execute(statement("log_checkpoints_read"), {"after": after, "limit": limit}).fetchall()
        return [(row["number"], bytes(row["envelope"])) for row in rows]


class PostgresEventLog:
    """``application.ports.event_log.EventLog``. Safe from any thread."""

    def __init__(self, database: Database, store_key: bytes) -> None:
        """Read that database's log; the store key tells which rows and tails are ours."""
        self._database = database
        self._writer = LogWriter(store_key)
        self._opener = Opener(store_key)

    @contextmanager
    def reading(self, *, briefly: bool = False) -> Iterator[PostgresReading]:
        """Look at everything as of now. See the port."""
        if briefly:
            with self._database.transaction() as lent:
                yield self._of_now(lent)
            return
        # Not one of the pool: others would wait for it. Nothing may happen in it for long, too.
        with self._database.dedicated() as connection:
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            with translated(), connection.transaction():
                yield self._of_now(connection)

    def _of_now(self, connection: Connection[DictRow]) -> PostgresReading:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return PostgresReading(connection, self._writer, self._opener)

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Return the newest checkpoint. See the port."""
        row = self._one("log_checkpoint_newest", {})
        return None if row is None else (row["number"], bytes(row["envelope"]))

    def checkpoint(self, number: int) -> bytes:
        """Return one. See the port."""
        row = self._one("log_checkpoint_read", {"number": number})
        if row is None:
            raise NotFoundError("there is no such checkpoint")
        return bytes(row["envelope"])

    def keep_checkpoint(self, number: int, size: int, at: datetime, envelope: bytes) -> None:
        """Add one. See the port."""
        columns = {"number": number, "size": size, "at": at, "envelope": envelope}
        with self._database.connection() as connection:
            connection.execute(statement("log_checkpoint_keep"), columns)

    def note_evidence(self, evidence: Evidence) -> None:
        """Keep what came of an anchor. See the port."""
        columns = {name: getattr(evidence, name) for name in Evidence.__dataclass_fields__}
        with self._database.connection() as connection:
            connection.execute(statement("log_evidence_note"), columns)

    def evidence(self, after: int = 0) -> Sequence[Evidence]:
        """Return what anchors said. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("log_evidence_read"), {"after": after}).fetchall()
        return [Evidence(**row | {"proof": bytes(row["proof"])}) for row in rows]

    def _one(self, name: str, columns: dict[str, Any]) -> DictRow | None:
        with self._database.connection() as connection:
            return connection.execute(statement(name), columns).fetchone()
