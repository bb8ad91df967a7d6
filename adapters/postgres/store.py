"""Event store on PostgreSQL: the library's recorder, with claims, checks and the log in the same transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import psycopg
from eventsourcing.postgres import PostgresAggregateRecorder, PostgresApplicationRecorder, PostgresDatastore
from psycopg.rows import tuple_row
from psycopg.sql import SQL

from adapters.eventstore.core import BATCH, POLL_SECONDS, FactRecorder, RecorderEventStore
from adapters.postgres.database import LOCK_SECONDS, Database, translated
from adapters.postgres.log_writer import LogWriter
from adapters.postgres.statements import statement
from application.ports.event_store import Holder
from domain.errors import ClaimTakenError, ConcurrencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from eventsourcing.domain import Aggregate
    from eventsourcing.persistence import StoredEvent
    from psycopg import Connection, Cursor
    from psycopg.rows import DictRow

    from adapters.eventstore.reading import Row
    from application.ports.event_store import Claim, RecordedEvent


class PooledDatastore(PostgresDatastore):
    """The library's datastore over our pool, which it does not own."""

    def __init__(self, database: Database) -> None:
        """Borrow the pool."""
        super().__init__("", "", "", "", "", lock_timeout=LOCK_SECONDS)
        self.pool = database.pool

    def close(self) -> None:
        """Leave the pool open: others use it."""


def _once(method: Any) -> Callable[..., Any]:
    """Return a recorder method without the library's ten retries: the pool hands out live connections already."""
    return cast("Callable[..., Any]", method.__wrapped__)


class FactPostgresRecorder(PostgresApplicationRecorder, FactRecorder):
    """Inserts events under the table lock that serialises writers, together with what must commit with them."""

    def __init__(self, datastore: PooledDatastore, log: LogWriter) -> None:
        """Write every event into that log, too."""
        super().__init__(datastore)
        self._log = log
        # Every connection of the pool has the lock timeout already. The lock is the same, taken by the tables' owner:
        # the service's own role could not (see roles.py). The tail of the log comes with the positions.
        self.lock_table_statements = [SQL("SELECT public.lock_stored_events()")]
        self.insert_events_statement += SQL(statement("log_before").decode())

    insert_events = _once(PostgresApplicationRecorder.insert_events)
    select_events = _once(PostgresApplicationRecorder.select_events)
    select_notifications = _once(PostgresApplicationRecorder.select_notifications)
    max_notification_id = _once(PostgresApplicationRecorder.max_notification_id)

    def select_after(self, after: int, limit: int) -> Sequence[Row]:
        """Return rows with a higher position, in order."""
        return self._rows("event_batch", {"after": after, "limit": limit})

    def select_stream(self, originator_id: UUID) -> Sequence[Row]:
        """Return one stream's rows with their positions."""
        return self._rows("event_stream", {"id": originator_id})

    def select_positions(self, positions: Collection[int]) -> Sequence[Row]:
        """Return the rows at those positions, in order."""
        return self._rows("events_at", {"positions": list(positions)})

    def select_of(self, after: int, limit: int, topics: Collection[str]) -> Sequence[Row]:
        """Return rows with a higher position, in order, whose topics are among those."""
        return self._rows("event_batch_of", {"after": after, "limit": limit, "topics": list(topics)})

    def _rows(self, name: str, values: dict[str, Any]) -> list[Row]:
        with self.datastore.get_connection() as connection:
            return rows_of(connection, name, values)

    def select_versions(self, originator_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return the newest version of each of those streams that has any."""
        with self.datastore.get_connection() as connection:
            rows = connection.execute(statement("event_versions"), {"ids": list(originator_ids)}).fetchall()
        return {row["originator_id"]: row["version"] for row in rows}

    def select_claimant(self, kind: str, digest: str) -> UUID | None:
        """Return the holder of a claim."""
        with self.datastore.get_connection() as connection:
            row = connection.execute(statement("claim_holder"), {"kind": kind, "digest": digest}).fetchone()
        return row["subject_id"] if row else None

    def _insert_stored_events(self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any) -> None:
        self._lock_table(curs)  # the log notifies the followers, in its own statement
        PostgresAggregateRecorder._insert_stored_events(self, curs, stored_events)  # noqa: SLF001 - without the middle one

    def _fetch_ids_after_insert_events(
        self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent], **_: Any
    ) -> Sequence[int]:
        rows = curs.fetchall()
        positions = [row["notification_id"] for row in rows]
        before = rows[0]["log_tail"], rows[0]["newest_leaf"]
        try:
            self._log.append(curs, stored_events, positions, before)
        except Exception:
            # The library keeps the exception until after its commit: there must be nothing to commit then.
            with suppress(psycopg.Error):
                curs.connection.execute("SELECT 1 / 0").fetchone()
            raise
        return positions

    def _insert_events(
        self,
        curs: Cursor[DictRow],
        stored_events: Sequence[StoredEvent],
        unchanged: Sequence[tuple[UUID, int]] = (),
        claim: Sequence[Claim] = (),
        release: Sequence[Claim | Holder] = (),
        **_: Any,
    ) -> None:
        if unchanged or claim or release:
            # Before reading, not only before inserting: what is checked here must still hold at commit.
            self._lock_table(curs)
        if unchanged:
            curs.execute(statement("event_versions"), {"ids": [aggregate_id for aggregate_id, _ in unchanged]})
            current = {row["originator_id"]: row["version"] for row in curs.fetchall()}
            if any(current.get(aggregate_id, 0) != version for aggregate_id, version in unchanged):
                raise ConcurrencyError("something that was to stay unchanged has changed")
        before = {e.originator_id: e.originator_version - 1 for e in reversed(stored_events)}
        before = {originator_id: version for originator_id, version in before.items() if version}
        if before:
            # Read before a restore replaced the history: such an event would stand alone, and open no more.
            curs.execute(statement("events_there"), {"ids": [*before], "versions": [*before.values()]})
            row = curs.fetchone()
            if row is None or row["found"] != len(before):
                raise ConcurrencyError("the history that this follows on is not there any more")
        for freed in release:
            if isinstance(freed, Holder):
                curs.execute(statement("claims_free"), {"subject_id": freed.subject_id, "kind": freed.kind})
            else:
                curs.execute(statement("claim_free"), _columns(freed))
        for wanted in claim:
            curs.execute(statement("claim_take"), _columns(wanted))
            if curs.fetchone() is None:
                raise ClaimTakenError(wanted.kind)


class PostgresEventStore(RecorderEventStore):
    """``application.ports.event_store.EventStore`` on PostgreSQL. Safe from any thread and any number of processes."""

    def __init__(
        self, database: Database, *, store_key: bytes, aggregates: Sequence[type[Aggregate]], values: Sequence[type]
    ) -> None:
        """Open the store on a migrated database. See ``RecorderEventStore``. Raises ``UnavailableError``."""
        with translated():
            recorder = FactPostgresRecorder(PooledDatastore(database), LogWriter(store_key))
        super().__init__(recorder, store_key=store_key, aggregates=aggregates, values=values)
        self._database = database

    @contextmanager
    def follow(self, after: int) -> Iterator[Iterator[list[RecordedEvent]]]:
        """Follow the store from a position on. See the port."""
        with self._database.dedicated() as connection:
            # LISTEN before the first look, so that nothing falls between the two.
            connection.execute("LISTEN stored_events")
            yield self._batches(connection, after)

    def mutex(self, name: str, *, wait: bool = True) -> AbstractContextManager[None]:
        """Hold a named lock across all processes that use this database. See the port."""
        return self._database.mutex(name, wait=wait)

    def _errors(self) -> AbstractContextManager[None]:
        return translated()

    def _batches(self, connection: Connection[DictRow], after: int) -> Iterator[list[RecordedEvent]]:
        while True:
            batch = self._batch(connection, after)
            if not batch:
                with translated():
                    for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
                        pass
                batch = self._batch(connection, after)
            if batch:
                after = batch[-1].position
            yield batch

    def _batch(self, connection: Connection[DictRow], after: int) -> list[RecordedEvent]:
        with translated():
            rows = rows_of(connection, "event_batch", {"after": after, "limit": BATCH})
        return self._reader.events(rows)


def rows_of(connection: Connection[Any], name: str, values: dict[str, Any]) -> list[Row]:
    """Return rows of stored_events by one of the statements that select them."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cast("list[Row]", cursor.execute(statement(name), values).fetchall())


def _columns(claim: Claim) -> dict[str, Any]:
    return {"kind": claim.kind, "digest": claim.digest, "subject_id": claim.subject_id}
