"""Read models in PostgreSQL: changes and checkpoint commit in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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
            for change in changes:
                query, values = compose(change)
                connection.execute(query, values)
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
            _equal(where or {}),
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


def compose(change: Change) -> tuple[Composed, dict[str, Any]]:
    """Return the statement for one change and its parameters. Raises ``ValueError`` for a table off the list."""
    if isinstance(change, Put):
        check_columns(change.table, *change.key, *change.values)
        row = {**change.key, **change.values}
        query = SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}").format(
            Identifier(change.table),
            SQL(", ").join(map(Identifier, row)),
            SQL(", ").join(Placeholder(f"set_{name}") for name in row),
            SQL(", ").join(map(Identifier, change.key)),
            SQL("UPDATE SET {}").format(_assigned(change.values)) if change.values else SQL("NOTHING"),
        )
        return query, _prefixed("set", row)
    if isinstance(change, Carry):
        return _compose_carry(change)
    if isinstance(change, Amend):
        check_columns(change.table, *change.where, *change.values)
        query = SQL("UPDATE {} SET {} WHERE {}").format(
            Identifier(change.table), _assigned(change.values), _equal(change.where)
        )
        return query, {**_prefixed("set", change.values), **_prefixed("where", change.where)}
    check_columns(change.table, *change.where)
    query = SQL("DELETE FROM {} WHERE {}").format(Identifier(change.table), _equal(change.where))
    return query, _prefixed("where", change.where)


def _compose_carry(change: Carry) -> tuple[Composed, dict[str, Any]]:
    row = {**change.key, **change.values}
    check_columns(change.table, change.stream, change.order, *row, *change.carried, *change.carried.values())
    query = SQL(
        "INSERT INTO {table} ({names}) SELECT {given}{carried} FROM (SELECT 1) AS one LEFT JOIN LATERAL"
        " (SELECT * FROM {table} WHERE {stream} = {in_stream} AND {order} < {in_order}"
        " ORDER BY {order} DESC LIMIT 1) AS former ON TRUE ON CONFLICT ({key}) DO NOTHING"
    ).format(
        table=Identifier(change.table),
        names=SQL(", ").join(map(Identifier, [*row, *change.carried])),
        given=SQL(", ").join(Placeholder(f"set_{name}") for name in row),
        carried=SQL("").join(SQL(", former.{}").format(Identifier(source)) for source in change.carried.values()),
        stream=Identifier(change.stream),
        in_stream=Placeholder(f"set_{change.stream}"),
        order=Identifier(change.order),
        in_order=Placeholder(f"set_{change.order}"),
        key=SQL(", ").join(map(Identifier, change.key)),
    )
    return query, _prefixed("set", row)


def _assigned(names: Iterable[str]) -> Composed:
    return SQL(", ").join(SQL("{} = {}").format(Identifier(name), Placeholder(f"set_{name}")) for name in names)


def _equal(where: Mapping[str, Any]) -> Composable:
    terms = [
        SQL("{} IS NULL").format(Identifier(name))
        if value is None
        else SQL("{} = {}").format(Identifier(name), Placeholder(f"where_{name}"))
        for name, value in where.items()
    ]
    return SQL(" AND ").join(terms) if terms else SQL("TRUE")


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in values.items()}
