"""Failures counted in a table: a row for each thing that they are counted by, locked while it changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb

from adapters.postgres.statements import statement
from application.ports.lockouts import Counted
from domain.policies.lockout import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from adapters.postgres.database import Database

_PLAIN: Final = tuple(field.name for field in fields(Tally) if field.name != "leases")
_COUNTED: Final = tuple(field.name for field in fields(Counted))


class PostgresLockouts:
    """``application.ports.lockouts.Lockouts`` for all processes on one database."""

    def __init__(self, database: Database) -> None:
        """Use that migrated database."""
        self._database = database

    def peek(self, lockout_ids: Sequence[UUID]) -> dict[UUID, Tally]:
        """Return those that there are. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("lockouts_peek"), {"ids": list(lockout_ids)}).fetchall()
        return {row["lockout_id"]: _tally(row) for row in rows}

    @contextmanager
    def held(
        self, counted: Sequence[Counted], expires_at: Callable[[Tally], datetime | None]
    ) -> Iterator[dict[UUID, Tally]]:
        """Lend tallies to nobody else meanwhile. See the port."""
        # Everybody locks rows in the order of their ids: nobody waits for somebody who waits for them.
        ordered = sorted(counted, key=lambda each: each.lockout_id)
        with self._database.transaction() as connection:
            rows = connection.execute(
                statement("lockouts_hold"),
                {
                    "ids": [each.lockout_id for each in ordered],
                    "methods": [each.method for each in ordered],
                    "scopes": [each.scope for each in ordered],
                    "departments": [each.department for each in ordered],
                    "places": [each.place for each in ordered],
                    "subjects": [each.subject_id for each in ordered],
                    "devices": [each.device_id for each in ordered],
                },
            ).fetchall()
            before = {row["lockout_id"]: _tally(row) for row in rows}
            lent = dict(before)
            yield lent
            changed = [
                _row(each, lent[each.lockout_id], expires_at)
                for each in ordered
                if lent[each.lockout_id] != before[each.lockout_id]
            ]
            if changed:
                connection.cursor().executemany(statement("lockouts_keep"), changed)

    def find(self, lockout_id: UUID) -> tuple[Counted, Tally] | None:
        """Return one with its tally."""
        with self._database.connection() as connection:
            row = connection.execute(statement("lockouts_peek"), {"ids": [lockout_id]}).fetchone()
        return None if row is None else (_counted(row), _tally(row))

    def locked(self, *, department: str | None, limit: int) -> list[tuple[Counted, Tally]]:
        """Return those with an episode. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(
                statement("lockouts_locked"), {"department": department, "limit": limit}
            ).fetchall()
        return [(_counted(row), _tally(row)) for row in rows]

    def forget_subject(self, subject_id: UUID) -> list[UUID]:
        """Forget whatever names that subject. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("lockouts_forget_subject"), {"subject_id": subject_id}).fetchall()
        return [row["episode"] for row in rows if row["episode"] is not None]

    def forget(self, before: datetime, *, keep: int) -> int:
        """Forget what expired, and the least of what is too much. See the port."""
        with self._database.connection() as connection:
            expired = connection.execute(statement("lockouts_expire"), {"before": before}).rowcount
            return expired + connection.execute(statement("lockouts_excess"), {"keep": keep}).rowcount


def _tally(row: Mapping[str, Any]) -> Tally:
    leases = {token: datetime.fromisoformat(until) for token, until in row["leases"].items()}
    return Tally(**{name: row[name] for name in _PLAIN}, leases=leases)


def _counted(row: Mapping[str, Any]) -> Counted:
    return Counted(**{name: row[name] for name in _COUNTED})


def _row(counted: Counted, tally: Tally, expires_at: Callable[[Tally], datetime | None]) -> dict[str, Any]:
    leases = Jsonb({token: until.isoformat() for token, until in tally.leases.items()})
    return asdict(tally) | {
        "lockout_id": counted.lockout_id,
        "department": counted.department,
        "leases": leases,
        "expires_at": expires_at(tally),
    }
