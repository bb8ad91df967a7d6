"""Read models in PostgreSQL: changes and checkpoint commit in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Identifier, Placeholder

from adapters.postgres.bulk import Types, send
from adapters.postgres.changing import equal, prefixed
from adapters.postgres.database import translated
from adapters.postgres.selecting import conditions, grouped
from adapters.postgres.statements import statement
from adapters.read_model_tables import READ_MODEL_TABLES, check_columns
from application.ports.read_models import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import Connection
    from psycopg.rows import DictRow

    from adapters.postgres.database import Database
    from application.ports.read_models import Frozen
    from application.ports.selection import Group, Selection
    from application.projections.changes import Change


class PostgresReadModels:
    """``application.ports.read_models.ReadModels`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Use that database."""
        self._database = database
        self._types: Types = {}

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection has been applied."""
        with self._database.connection() as connection:
            row = connection.execute(statement("checkpoint_read"), {"name": projection}).fetchone()
        return int(row["position"]) if row else 0

    def checkpoints(self, projections: Collection[str]) -> dict[str, int]:
        """Return the checkpoints of all those projections. See the port."""
        with self._database.connection() as connection:
            rows = connection.execute(statement("checkpoints_read"), {"names": list(projections)}).fetchall()
        return dict.fromkeys(projections, 0) | {row["name"]: row["position"] for row in rows}

    def apply(self, projection: str, changes: Sequence[Change], *, expected: int, position: int) -> bool:
        """Apply changes and move the checkpoint in one transaction. See the port."""
        return not self.apply_each([Step(projection, changes, expected, position)])

    def apply_each(self, steps: Sequence[Step]) -> set[str]:
        """Take several projections a step on, in one transaction. See the port."""
        names = [step.projection for step in steps]
        with self._database.transaction() as connection:
            # The locked checkpoint rows keep a second projector out until this one has committed.
            held = _locked(connection, names)
            ready = [step for step in steps if held[step.projection] == step.expected]
            for step in ready:
                send(connection, step.changes, self._types)
            _move(connection, {step.projection: step.position for step in ready})
        return set(names) - {step.projection for step in ready}

    def reset(self, projection: str, tables: Sequence[str]) -> None:
        """Empty those tables and set the checkpoint to 0, in one transaction."""
        with self._database.transaction() as connection:
            _locked(connection, [projection])
            for table in tables:
                check_columns(table)
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            _move(connection, {projection: 0})

    def rows(self, table: str, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, equal on every column of ``where``, in primary key order."""
        check_columns(table, *(where or {}))
        query = SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            SQL(", ").join(map(Identifier, READ_MODEL_TABLES[table])),
            Identifier(table),
            equal((name, value is None) for name, value in (where or {}).items()),
            Identifier(READ_MODEL_TABLES[table][0]),
        )
        with self._database.connection() as connection:
            return list(connection.execute(query, prefixed("where", where or {})).fetchall())

    def older(
        self, table: str, column: str, cutoff: datetime, *, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> list[dict[str, Any]]:
        """Return the oldest rows before a moment. See the port."""
        check_columns(table, column)
        key, named = READ_MODEL_TABLES[table][0], Identifier(column)
        beyond = SQL(" AND ({}, {}) > (%(value)s, %(key)s)").format(named, Identifier(key))
        query = SQL("SELECT {} FROM {} WHERE {} < %(cutoff)s{} ORDER BY {}, {} LIMIT %(limit)s").format(
            SQL(", ").join(map(Identifier, READ_MODEL_TABLES[table])),
            Identifier(table),
            named,
            beyond if after is not None else SQL(""),
            named,
            Identifier(key),
        )
        value, last = after or (None, None)
        values = {"cutoff": cutoff, "limit": limit, "value": value, "key": last}
        with self._database.connection() as connection:
            return list(connection.execute(query, values).fetchall())

    def count(self, table: str) -> int:
        """Return how many rows there are."""
        check_columns(table)
        query = SQL("SELECT count(*) AS rows FROM {}").format(Identifier(table))
        with self._database.connection() as connection:
            row = connection.execute(query).fetchone()
        return int(row["rows"]) if row else 0

    def tally(self, table: str, groups: Sequence[Group], which: Selection) -> dict[tuple[Any, ...], int]:
        """Count those rows by the values of ``groups``. See the port."""
        check_columns(table)
        (where, values), (terms, more) = conditions(table, which), grouped(table, groups)
        query = SQL("SELECT count(*) AS counted{} FROM {} WHERE {} {}").format(
            SQL("").join(SQL(", {} AS {}").format(term, Identifier(f"g{n}")) for n, term in enumerate(terms)),
            Identifier(table),
            where,
            SQL("GROUP BY {}").format(SQL(", ").join(SQL(str(n + 2)) for n in range(len(terms)))) if terms else SQL(""),
        )
        with self._database.connection() as connection:
            rows = connection.execute(query, values | more).fetchall()
        return {tuple(row[f"g{n}"] for n in range(len(terms))): row["counted"] for row in rows if row["counted"]}

    def newest(
        self, table: str, which: Selection, *, by: str, limit: int, skip: int = 0, oldest: bool = False
    ) -> list[dict[str, Any]]:
        """Return a page of those rows. See the port."""
        check_columns(table, by)
        where, values = conditions(table, which)
        query = SQL("SELECT {} FROM {} WHERE {} ORDER BY {} {} NULLS LAST, {} LIMIT {} OFFSET {}").format(
            SQL(", ").join(map(Identifier, READ_MODEL_TABLES[table])),
            Identifier(table),
            where,
            Identifier(by),
            SQL("ASC" if oldest else "DESC"),
            Identifier(READ_MODEL_TABLES[table][0]),
            Placeholder("limit"),
            Placeholder("skip"),
        )
        with self._database.connection() as connection:
            return list(connection.execute(query, values | {"limit": limit, "skip": skip}).fetchall())

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, the primary key first."""
        check_columns(table)
        return READ_MODEL_TABLES[table]

    @contextmanager
    def frozen(self) -> Iterator[Frozen]:
        """Hold still what is in the tables now: one snapshot on a connection of its own. See the port."""
        with self._database.dedicated() as connection:
            # Between two pages a caller may take its time.
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            # The snapshot is that of the first statement.
            connection.execute("SELECT 1")
            yield PostgresFrozen(connection)


def _locked(connection: Connection[DictRow], names: Sequence[str]) -> dict[str, int]:
    """Lock the checkpoints of those projections and return them."""
    held = connection.execute(statement("checkpoints_lock"), {"names": names}).fetchall()
    if len(held) < len(set(names)):
        connection.execute(statement("checkpoints_create"), {"names": names})
        held = connection.execute(statement("checkpoints_lock"), {"names": names}).fetchall()
    return {row["name"]: row["position"] for row in held}


def _move(connection: Connection[DictRow], to: Mapping[str, int]) -> None:
    columns = {"names": [*to], "positions": [*to.values()]}
    if to:
        connection.execute(statement("checkpoints_move"), columns)


class PostgresFrozen:
    """``application.ports.read_models.Frozen``: a connection inside a transaction that sees one snapshot."""

    def __init__(self, connection: Connection[DictRow]) -> None:
        """Borrow the connection."""
        self._connection = connection

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection had been applied."""
        with translated():
            row = self._connection.execute(statement("checkpoint_read"), {"name": projection}).fetchone()
        return int(row["position"]) if row else 0

    def page(self, table: str, after: Any = None, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the next rows in primary key order. See the port."""
        check_columns(table)
        names = READ_MODEL_TABLES[table]
        query = SQL("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT %(limit)s").format(
            SQL(", ").join(map(Identifier, names)),
            Identifier(table),
            SQL("TRUE") if after is None else SQL("{} > %(after)s").format(Identifier(names[0])),
            Identifier(names[0]),
        )
        with translated():
            return list(self._connection.execute(query, {"after": after, "limit": limit}).fetchall())


class PostgresDepartments:
    """``application.ports.read_models.Departments`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Use that database."""
        self._database = database

    def add(self, name: str) -> None:
        """Make sure that department exists. Idempotent."""
        with self._database.connection() as connection:
            connection.execute(statement("department_add"), {"name": name})

    def exists(self, name: str) -> bool:
        """Say whether it does."""
        with self._database.connection() as connection:
            row = connection.execute(statement("department_exists"), {"name": name}).fetchone()
        return bool(row and row["found"])

    def names(self) -> list[str]:
        """All of them, sorted."""
        with self._database.connection() as connection:
            return [row["name"] for row in connection.execute(statement("department_names"))]
