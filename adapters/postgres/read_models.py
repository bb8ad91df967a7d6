"""Read models in PostgreSQL: changes and checkpoint commit in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from adapters.postgres.database import translated
from adapters.postgres.statements import statement
from adapters.read_model_tables import READ_MODEL_TABLES, check_columns
from application.projections.changes import Amend, Carry, Put

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from psycopg import Connection
    from psycopg.rows import DictRow

    from adapters.postgres.database import Database
    from application.ports.read_models import Frozen
    from application.projections.changes import Change

AT_ONCE: Final = 100
"""Statements sent before the answers are read. Beyond about a thousand psycopg and the server wait for each other."""


class PostgresReadModels:
    """``application.ports.read_models.ReadModels`` on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """Use that database."""
        self._database = database

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection has been applied."""
        with self._database.connection() as connection:
            row = connection.execute(statement("checkpoint_read"), {"name": projection}).fetchone()
        return int(row["position"]) if row else 0

    def apply(self, projection: str, changes: Sequence[Change], *, expected: int, position: int) -> bool:
        """Apply changes and move the checkpoint in one transaction. See the port."""
        with self._database.transaction() as connection:
            # The locked checkpoint row keeps a second projector out until this one has committed.
            connection.execute(statement("checkpoint_create"), {"name": projection})
            row = connection.execute(statement("checkpoint_lock"), {"name": projection}).fetchone()
            if row is None or row["position"] != expected:
                return False
            for start in range(0, len(changes), AT_ONCE):
                # Sent together: a round trip for each would be most of the time.
                with connection.pipeline():
                    for change in changes[start : start + AT_ONCE]:
                        connection.execute(*compose(change))
            connection.execute(statement("checkpoint_move"), {"name": projection, "position": position})
        return True

    def reset(self, projection: str, tables: Sequence[str]) -> None:
        """Empty those tables and set the checkpoint to 0, in one transaction."""
        with self._database.transaction() as connection:
            connection.execute(statement("checkpoint_create"), {"name": projection})
            connection.execute(statement("checkpoint_lock"), {"name": projection})
            for table in tables:
                check_columns(table)
                connection.execute(SQL("DELETE FROM {}").format(Identifier(table)))
            connection.execute(statement("checkpoint_move"), {"name": projection, "position": 0})

    def rows(self, table: str, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, equal on every column of ``where``, in primary key order."""
        check_columns(table, *(where or {}))
        query = SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
            SQL(", ").join(map(Identifier, READ_MODEL_TABLES[table])),
            Identifier(table),
            _equal((name, value is None) for name, value in (where or {}).items()),
            Identifier(READ_MODEL_TABLES[table][0]),
        )
        with self._database.connection() as connection:
            return list(connection.execute(query, _prefixed("where", where or {})).fetchall())

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


def compose(change: Change) -> tuple[bytes, dict[str, Any]]:
    """Return the statement for one change and its parameters. Raises ``ValueError`` for a table off the list."""
    if isinstance(change, Put):
        row = {**change.key, **change.values}
        return _put(change.table, tuple(change.key), tuple(change.values)), _prefixed("set", row)
    if isinstance(change, Carry):
        row = {**change.key, **change.values}
        carried = tuple((name, source) for name, source in change.carried.items() if name not in row)
        shape = tuple(change.key), tuple(row), change.stream, change.order, carried
        return _carry(change.table, *shape), _prefixed("set", row)
    where = tuple((name, value is None) for name, value in change.where.items())
    if isinstance(change, Amend):
        values = {**_prefixed("set", change.values), **_prefixed("where", change.where)}
        return _amend(change.table, tuple(change.values), where), values
    return _remove(change.table, where), _prefixed("where", change.where)


@cache
def _put(table: str, key: tuple[str, ...], values: tuple[str, ...]) -> bytes:
    check_columns(table, *key, *values)
    query = SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}").format(
        Identifier(table),
        SQL(", ").join(map(Identifier, (*key, *values))),
        SQL(", ").join(Placeholder(f"set_{name}") for name in (*key, *values)),
        SQL(", ").join(map(Identifier, key)),
        SQL("UPDATE SET {}").format(_assigned(values)) if values else SQL("NOTHING"),
    )
    return query.as_string().encode()


@cache
def _amend(table: str, values: tuple[str, ...], where: tuple[tuple[str, bool], ...]) -> bytes:
    check_columns(table, *values, *(name for name, _ in where))
    query = SQL("UPDATE {} SET {} WHERE {}").format(Identifier(table), _assigned(values), _equal(where))
    return query.as_string().encode()


@cache
def _remove(table: str, where: tuple[tuple[str, bool], ...]) -> bytes:
    check_columns(table, *(name for name, _ in where))
    return SQL("DELETE FROM {} WHERE {}").format(Identifier(table), _equal(where)).as_string().encode()


@cache
def _carry(
    table: str,
    key: tuple[str, ...],
    row: tuple[str, ...],
    stream: str,
    order: str,
    carried: tuple[tuple[str, str], ...],
) -> bytes:
    check_columns(table, stream, order, *row, *(name for pair in carried for name in pair))
    query = SQL(
        "INSERT INTO {table} ({names}) SELECT {given}{carried} FROM (SELECT 1) AS one LEFT JOIN LATERAL"
        " (SELECT * FROM {table} WHERE {stream} = {in_stream} AND {order} < {in_order}"
        " ORDER BY {order} DESC LIMIT 1) AS former ON TRUE ON CONFLICT ({key}) DO NOTHING"
    ).format(
        table=Identifier(table),
        names=SQL(", ").join(map(Identifier, (*row, *(name for name, _ in carried)))),
        given=SQL(", ").join(Placeholder(f"set_{name}") for name in row),
        carried=SQL("").join(SQL(", former.{}").format(Identifier(source)) for _, source in carried),
        stream=Identifier(stream),
        in_stream=Placeholder(f"set_{stream}"),
        order=Identifier(order),
        in_order=Placeholder(f"set_{order}"),
        key=SQL(", ").join(map(Identifier, key)),
    )
    return query.as_string().encode()


def _assigned(names: Iterable[str]) -> Composed:
    return SQL(", ").join(SQL("{} = {}").format(Identifier(name), Placeholder(f"set_{name}")) for name in names)


def _equal(where: Iterable[tuple[str, bool]]) -> Composable:
    terms = [
        SQL("{} IS NULL").format(Identifier(name))
        if empty
        else SQL("{} = {}").format(Identifier(name), Placeholder(f"where_{name}"))
        for name, empty in where
    ]
    return SQL(" AND ").join(terms) if terms else SQL("TRUE")


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in values.items()}
