"""Streams of security events, in tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from adapters.postgres.statements import statement
from application.ports.signal_streams import Receiver, Stream
from domain.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from adapters.postgres.database import Database


class PostgresSignalStreams:
    """``application.ports.signal_streams.SignalStreams`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def add(self, stream: Stream, *, at_most: int) -> bool:
        """Keep a new stream. See the port."""
        with self._database.transaction() as connection:
            connection.execute(statement("signal_streams_lock"), {"owner": stream.owner})
            added = connection.execute(statement("signal_stream_add"), {**_columns(stream), "at_most": at_most})
            return added.rowcount == 1

    def get(self, stream_id: UUID) -> Stream:
        """Return a stream. Raises ``NotFoundError``."""
        with self._database.connection() as connection:
            row = connection.execute(statement("signal_stream_get"), {"stream_id": stream_id}).fetchone()
        if row is None:
            raise NotFoundError("no such stream")
        return _stream(row)

    def all(self, owner: str | None = None) -> list[Stream]:
        """Return all streams, or those of one owner, oldest first."""
        with self._database.connection() as connection:
            return [_stream(row) for row in connection.execute(statement("signal_streams_all"), {"owner": owner})]

    def replace(self, stream: Stream) -> None:
        """Keep it as it is now. Raises ``NotFoundError``."""
        with self._database.connection() as connection:
            if connection.execute(statement("signal_stream_replace"), _columns(stream)).rowcount == 0:
                raise NotFoundError("no such stream")

    def remove(self, stream_id: UUID) -> None:
        """Forget a stream with everything on it. Idempotent."""
        with self._database.connection() as connection:
            connection.execute(statement("signal_stream_remove"), {"stream_id": stream_id})

    def exclude(self, stream_id: UUID, subject: str, *, at_most: int) -> bool:
        """Send nothing about that pairwise subject any more. See the port."""
        given = {"stream_id": stream_id, "subject": subject, "at_most": at_most}
        with self._database.transaction() as connection:
            # One after the other, or two at once would both be the last one that fits.
            if connection.execute(statement("signal_exclusions_lock"), given).fetchone() is None:
                raise NotFoundError("no such stream")
            return connection.execute(statement("signal_exclude"), given).rowcount == 1

    def include(self, stream_id: UUID, subject: str) -> None:
        """Take an exclusion back. Idempotent."""
        with self._database.connection() as connection:
            connection.execute(statement("signal_include"), {"stream_id": stream_id, "subject": subject})

    def excluded(self, stream_id: UUID, subjects: Collection[str]) -> set[str]:
        """Return which of those are excluded."""
        given = {"stream_id": stream_id, "subjects": list(subjects)}
        with self._database.connection() as connection:
            return {row["subject"] for row in connection.execute(statement("signal_excluded"), given)}

    def register(self, actor: str, receiver: Receiver) -> None:
        """Let the credential of that actor speak for a receiver."""
        with self._database.connection() as connection:
            connection.execute(statement("signal_receiver_register"), {"actor": actor, **asdict(receiver)})

    def receiver(self, actor: str) -> Receiver | None:
        """Return whom that actor speaks for."""
        with self._database.connection() as connection:
            row = connection.execute(statement("signal_receiver"), {"actor": actor}).fetchone()
        return None if row is None else Receiver(**row)


def _columns(stream: Stream) -> dict[str, Any]:
    return {**asdict(stream), "events": list(stream.events)}


def _stream(row: Mapping[str, Any]) -> Stream:
    return Stream(**{**row, "events": tuple(row["events"])})
