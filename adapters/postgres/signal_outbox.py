"""What has to go out, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from psycopg.types.json import Jsonb

from adapters.postgres.statements import statement
from application.ports.signal_outbox import Letter, Signal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from adapters.postgres.database import Database
    from application.ports.signal_outbox import Settled


class PostgresSignalOutbox:
    """``application.ports.signal_outbox.SignalOutbox`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def checkpoint(self) -> int | None:
        """Return the position up to which letters were made; None before ``begin``."""
        with self._database.connection() as connection:
            row = connection.execute(statement("signal_checkpoint")).fetchone()
        return None if row is None else int(row["position"])

    def begin(self, position: int) -> None:
        """Set the first checkpoint; no change where there is one."""
        with self._database.connection() as connection:
            connection.execute(statement("signal_begin"), {"position": position})

    def put(self, letters: Sequence[Letter], *, expected: int, position: int) -> bool:
        """Put letters in and move the checkpoint, in one transaction. See the port."""
        with self._database.transaction() as connection:
            # The updated row keeps a second process out until this one has committed.
            moved = connection.execute(statement("signal_move"), {"position": position, "expected": expected})
            if moved.rowcount == 0:
                return False
            if letters:
                with connection.cursor() as cursor:
                    cursor.executemany(statement("signal_put"), [_columns(letter) for letter in letters])
        return True

    def add(self, letter: Letter) -> None:
        """Put one in that comes from no event of the store."""
        with self._database.connection() as connection:
            connection.execute(statement("signal_put"), _columns(letter))

    def heads(self, stream_id: UUID, *, now: datetime, limit: int, busy: Collection[UUID] = ()) -> list[Letter]:
        """Return the oldest waiting letter of each order key where that one is due. See the port."""
        given = {"stream_id": stream_id, "now": now, "limit": limit, "busy": list(busy)}
        with self._database.connection() as connection:
            return [_letter(row) for row in connection.execute(statement("signal_heads"), given)]

    def settle(self, settled: Sequence[Settled], *, now: datetime) -> None:
        """Keep how letters stand after they were sent; only of those that still wait."""
        if not settled:
            return
        given = [
            {
                "letter_id": one.letter_id,
                "state": one.state,
                "attempts": one.attempts,
                "due_at": one.due_at,
                "failing_since": one.failing_since,
                "error": one.error,
                "now": now,
            }
            for one in settled
        ]
        with self._database.transaction() as connection, connection.cursor() as cursor:
            cursor.executemany(statement("signal_settle"), given)

    def answer(
        self, stream_id: UUID, *, acknowledged: Collection[UUID], refused: Mapping[UUID, str], now: datetime
    ) -> None:
        """Keep what a poller says of letters by ``jti``."""
        given = {"stream_id": stream_id, "now": now}
        with self._database.transaction() as connection:
            connection.execute(statement("signal_acknowledge"), {**given, "jtis": list(acknowledged)})
            for jti, error in refused.items():
                connection.execute(statement("signal_refuse"), {**given, "jti": jti, "error": error})

    def waiting(self, stream_id: UUID, name: str | None = None) -> int:
        """Return how many letters wait on a stream: all of them, or those of one signal's name."""
        with self._database.connection() as connection:
            row = connection.execute(statement("signal_waiting"), {"stream_id": stream_id, "name": name}).fetchone()
        return int(row["waiting"]) if row else 0

    def counts(self, stream_id: UUID) -> dict[str, int]:
        """Return how many letters of each state a stream has."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("signal_counts"), {"stream_id": stream_id})
            return {row["state"]: int(row["letters"]) for row in rows}

    def dead(self, limit: int) -> list[Letter]:
        """Return dead letters, oldest first."""
        with self._database.connection() as connection:
            return [_letter(row) for row in connection.execute(statement("signal_dead"), {"limit": limit})]

    def replay(self, letter_id: int, *, now: datetime) -> bool:
        """Let a dead letter wait again. See the port."""
        with self._database.connection() as connection:
            return connection.execute(statement("signal_replay"), {"letter_id": letter_id, "now": now}).rowcount == 1

    def drop(self, stream_id: UUID) -> int:
        """Forget what waits on a stream; return how many."""
        with self._database.connection() as connection:
            return connection.execute(statement("signal_drop"), {"stream_id": stream_id}).rowcount

    def bury(self, before: datetime, error: str, *, now: datetime) -> int:
        """Make dead what was waiting since before then; return how many."""
        with self._database.connection() as connection:
            given = {"before": before, "error": error, "now": now}
            return connection.execute(statement("signal_bury"), given).rowcount

    def forget(self, *, delivered_before: datetime, dead_before: datetime) -> int:
        """Forget letters that came to their end before then; return how many."""
        given = {"delivered_before": delivered_before, "dead_before": dead_before}
        with self._database.connection() as connection:
            return connection.execute(statement("signal_forget"), given).rowcount


def _columns(letter: Letter) -> dict[str, Any]:
    signal = letter.signal
    return {
        "stream_id": letter.stream_id,
        "jti": letter.jti,
        "order_key": signal.order_key,
        "queue": uuid5(letter.stream_id, str(signal.order_key)),
        "name": signal.name,
        "position": signal.position,
        "at": signal.at,
        "txn": signal.txn,
        "about": signal.about,
        "subject_id": signal.subject_id,
        "facts": Jsonb(dict(signal.facts)),
        "state": letter.state,
        "attempts": letter.attempts,
        "due_at": letter.due_at,
        "failing_since": letter.failing_since,
        "error": letter.error,
    }


def _letter(row: Mapping[str, Any]) -> Letter:
    signal = Signal(*(row[name] for name in ("name", "position", "at", "txn", "about", "subject_id", "facts")))
    return Letter(
        stream_id=row["stream_id"],
        jti=row["jti"],
        signal=signal,
        due_at=row["due_at"],
        letter_id=row["letter_id"],
        state=row["state"],
        attempts=row["attempts"],
        failing_since=row["failing_since"],
        error=row["error"],
    )
