"""Changes of projections as SQL: composed once for each shape, then sent with other values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composable, Composed, Identifier, Placeholder

from adapters.read_model_tables import check_columns
from application.projections.changes import Amend, Carry, Put, RemoveEach

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from application.projections.changes import Change


def compose(change: Change) -> tuple[bytes, dict[str, Any]]:
    """Return the statement for one change and its parameters. Raises ``ValueError`` for a table off the list."""
    if isinstance(change, Put):
        row = {**change.key, **change.values}
        return _put(change.table, tuple(change.key), tuple(change.values)), prefixed("set", row)
    if isinstance(change, Carry):
        row = {**change.key, **change.values}
        carried = tuple((name, source) for name, source in change.carried.items() if name not in row)
        shape = tuple(change.key), tuple(row), change.stream, change.order, carried
        return _carry(change.table, *shape), prefixed("set", row)
    if isinstance(change, RemoveEach):
        return _remove_each(change.table, change.column), {"each": list(change.values)}
    where = tuple((name, value is None) for name, value in change.where.items())
    if isinstance(change, Amend):
        values = {**prefixed("set", change.values), **prefixed("where", change.where)}
        return _amend(change.table, tuple(change.values), where), values
    return _remove(change.table, where), prefixed("where", change.where)


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
    query = SQL("UPDATE {} SET {} WHERE {}").format(Identifier(table), _assigned(values), equal(where))
    return query.as_string().encode()


@cache
def _remove(table: str, where: tuple[tuple[str, bool], ...]) -> bytes:
    check_columns(table, *(name for name, _ in where))
    return SQL("DELETE FROM {} WHERE {}").format(Identifier(table), equal(where)).as_string().encode()


@cache
def _remove_each(table: str, column: str) -> bytes:
    check_columns(table, column)
    query = SQL("DELETE FROM {} WHERE {} = ANY(%(each)s)").format(Identifier(table), Identifier(column))
    return query.as_string().encode()


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


def equal(where: Iterable[tuple[str, bool]]) -> Composable:
    """Return the condition that columns equal parameters ``where_COLUMN``, or are empty where the flag says so."""
    terms = [
        SQL("{} IS NULL").format(Identifier(name))
        if empty
        else SQL("{} = {}").format(Identifier(name), Placeholder(f"where_{name}"))
        for name, empty in where
    ]
    return SQL(" AND ").join(terms) if terms else SQL("TRUE")


def prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values under the names of their parameters."""
    return {f"{prefix}_{name}": value for name, value in values.items()}
