"""Many changes of projections in few statements. Changes and their order come to what one after the other comes to."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from psycopg import IntegrityError
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Identifier

from adapters.postgres.changing import compose
from adapters.read_model_tables import READ_MODEL_TABLES, check_columns
from application.projections.changes import Amend, Carry, Put
from application.projections.squash import squashed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

    from application.projections.changes import Change

AT_ONCE: Final = 100
"""Statements sent before the answers are read. Beyond about a thousand psycopg and the server wait for each other."""
FEW: Final = 8
"""Up to so many of one kind go as they are: what happens live, mostly."""
NUMBERS: Final = frozenset({int, float})

Types = dict[str, dict[str, str]]
Shape = tuple[str, type, tuple[str, ...]]


def send(connection: Connection[Any], changes: Sequence[Change], types: Types) -> None:
    """Apply changes, within the transaction that is open. ``types`` remembers the types of columns between calls."""
    if len(changes) <= FEW:
        _singly(connection, changes)
        return
    for (table, kind, columns), group in groupby(squashed(changes, primary), _shape):
        alike = list(group)
        if len(alike) <= FEW:
            _singly(connection, alike)
        elif kind is Carry:
            if not _carried(connection, table, alike):  # type: ignore[arg-type]  # of that kind
                _singly(connection, alike)
        elif kind not in {Put, Amend} or not _together(connection, (table, kind, columns), alike, types):
            _singly(connection, alike)


def primary(table: str) -> str:
    """Return the primary key of a table. Raises ``ValueError`` for one that is no read model."""
    check_columns(table)
    return READ_MODEL_TABLES[table][0]


def _singly(connection: Connection[Any], changes: Sequence[Change]) -> None:
    if len(changes) == 1:
        connection.execute(*compose(changes[0]))
        return
    for start in range(0, len(changes), AT_ONCE):
        # Sent together: a round trip for each would be most of the time.
        with connection.pipeline():
            for change in changes[start : start + AT_ONCE]:
                connection.execute(*compose(change))


def _shape(change: Change) -> Shape:
    if isinstance(change, Put):
        return change.table, Put, (*change.key, *change.values)
    if isinstance(change, Amend) and change.where.keys() == {primary(change.table)}:
        return change.table, Amend, (*change.where, *change.values)
    return change.table, Carry if isinstance(change, Carry) else NoneType, ()


def _together(connection: Connection[Any], shape: Shape, changes: Sequence[Change], types: Types) -> bool:
    """Send changes of one shape, each about another row, as one statement; False where they do not fit into one."""
    table, kind, columns = shape
    check_columns(table, *columns)
    known = types.setdefault(table, {}) or types[table]
    if not known:
        known.update(_types(connection, table))
    given = [(*_named(change).values(), *change.values.values()) for change in changes]  # type: ignore[union-attr]  # a Put or an Amend
    key = columns[0]
    if columns[1:] == () or key != primary(table) or len({row[0] for row in given}) < len(given):
        return False
    values = [_alike(column) for column in zip(*given, strict=True)]
    if any(column is None for column in values):
        return False
    connection.execute(_statement(table, kind, columns, tuple(known[name] for name in columns)), values)
    return True


def _named(change: Any) -> Mapping[str, Any]:
    named: Mapping[str, Any] = change.key if isinstance(change, Put) else change.where
    return named


def _alike(column: tuple[Any, ...]) -> list[Any] | None:
    """Return values as an array that can be sent: of one type. None where they have several."""
    kinds = {type(value) for value in column} - {NoneType}
    if kinds == NUMBERS:
        return [None if value is None else float(value) for value in column]
    return list(column) if len(kinds) <= 1 else None


@cache
def _statement(table: str, kind: type, columns: tuple[str, ...], types: tuple[str, ...]) -> bytes:
    check_columns(table, *columns)
    key, *others = map(Identifier, columns)
    # The types are those that the catalogue names.
    arrays = SQL(", ").join(SQL(f"%s::{type_}[]") for type_ in types)
    parts: dict[str, Composable] = {
        "table": Identifier(table),
        "names": SQL(", ").join((key, *others)),
        "arrays": arrays,
        "key": key,
        "given": SQL(", ").join(SQL("{0} = given.{0}").format(name) for name in others),
        "excluded": SQL(", ").join(SQL("{0} = excluded.{0}").format(name) for name in others),
    }
    if kind is Put:
        query = SQL(
            "INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT ({key}) DO UPDATE SET {excluded}"
        )
    else:
        query = SQL(
            "UPDATE {table} AS old SET {given} FROM unnest({arrays}) AS given ({names}) WHERE old.{key} = given.{key}"
        )
    return query.format(**parts).as_string().encode()


def _types(connection: Connection[Any], table: str) -> dict[str, str]:
    query = """SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(query, (table,)).fetchall())


def _carried(connection: Connection[Any], table: str, changes: Sequence[Carry]) -> bool:
    """Copy rows in, each with what it takes over; False, and nothing done, where that has to go one by one."""
    stream, order, carried = changes[0].stream, changes[0].order, dict(changes[0].carried)
    if any((one.stream, one.order, one.carried) != (stream, order, carried) for one in changes):
        return False
    check_columns(table, stream, order, *carried, *carried.values())
    before = _before(connection, table, changes)
    columns = tuple(dict.fromkeys((*changes[0].key, *(name for one in changes for name in one.values), *carried)))
    check_columns(table, *columns)
    rows = []
    for one in changes:
        number, known = before.get(one.values[stream], (None, {}))
        if number is not None and number >= one.values[order]:
            return False
        values = {**{name: known.get(source) for name, source in carried.items()}, **one.key, **one.values}
        before[one.values[stream]] = one.values[order], {name: values.get(name) for name in carried.values()}
        rows.append([values.get(name) for name in columns])
    copying = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), SQL(", ").join(map(Identifier, columns)))
    try:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row(row)
    except IntegrityError:
        # A row is there already: it stays, and what comes after it carries on from it.
        return False
    return True


def _before(
    connection: Connection[Any], table: str, changes: Sequence[Carry]
) -> dict[Any, tuple[Any, Mapping[str, Any]]]:
    """Return, of each stream, the place and the carried columns of the last row before its first change."""
    stream, order = changes[0].stream, changes[0].order
    first: dict[Any, Any] = {}
    for one in changes:
        first.setdefault(one.values[stream], one.values[order])
    names = sorted(set(changes[0].carried.values()))
    query = SQL(
        "SELECT wanted.stream, former.{order}, {names} FROM unnest(%s::uuid[], %s::bigint[]) AS wanted (stream, place),"
        " LATERAL (SELECT * FROM {table} WHERE {stream} = wanted.stream AND {order} < wanted.place"
        " ORDER BY {order} DESC LIMIT 1) AS former"
    ).format(
        order=Identifier(order),
        stream=Identifier(stream),
        table=Identifier(table),
        names=SQL(", ").join(SQL("former.{}").format(Identifier(name)) for name in names),
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(query, ([*first], [*first.values()])).fetchall()
    return {id_: (place, dict(zip(names, values, strict=True))) for id_, place, *values in found}
