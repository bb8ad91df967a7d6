"""Tables in memory, for views as they were and for comparing views with what events say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from application.projections.changes import Amend, Carry, Change, Put, Remove, RemoveEach

Row = list[Any]
"""Values in the order of the table's columns."""


class ScratchTable:
    """One table: rows by primary key, which is the first column, found by other columns where a change asks for it.

    Takes about 100 bytes and 8 a column for each row, and what its values take. Not safe from several threads.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        """Start empty, with those columns, the primary key first."""
        self.columns = tuple(columns)
        self._place = {name: place for place, name in enumerate(self.columns)}
        self._rows: dict[Any, Row] = {}
        self._by: dict[str, dict[Any, dict[Any, None]]] = {}
        self._last: dict[Any, tuple[Any, dict[str, Any]]] = {}

    def apply(self, change: Change) -> None:
        """Apply one change as PostgreSQL does."""
        match change:
            case Put():
                self._put(change.key, change.values)
            case Carry():
                self._carry(change)
            case Amend():
                for key in self._keys(change.where):
                    self._set(key, change.values)
            case Remove():
                for key in self._keys(change.where):
                    self._drop(key)
            case RemoveEach():
                for value in change.values:
                    for key in self._keys({change.column: value}):
                        self._drop(key)

    def forget(self) -> None:
        """Let go of all rows, but not of what ``Carry`` takes over from them."""
        self._rows.clear()
        self._by.clear()

    def rows(self, where: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Yield rows equal on ``where``, in primary key order."""
        for key in sorted(self._keys(where or {})):
            yield dict(zip(self.columns, self._rows[key], strict=True))

    def row(self, key: Any) -> dict[str, Any] | None:
        """Return the row with that primary key."""
        found = self._rows.get(key)
        return None if found is None else dict(zip(self.columns, found, strict=True))

    def keys(self) -> set[Any]:
        """Return all primary keys."""
        return set(self._rows)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def _put(self, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        primary = key[self.columns[0]]
        if primary not in self._rows:
            self._rows[primary] = [primary] + [None] * (len(self.columns) - 1)
            for name, index in self._by.items():
                index.setdefault(self._rows[primary][self._place[name]], {})[primary] = None
            self._set(primary, key)
        self._set(primary, values)

    def _carry(self, change: Carry) -> None:
        if change.key[self.columns[0]] in self._rows:
            return
        stream, order = change.values[change.stream], change.values[change.order]
        before = self._last.get(stream)
        known = before[1] if before is not None and before[0] < order else {}
        values = {**{name: known.get(source) for name, source in change.carried.items()}, **change.values}
        self._put(change.key, values)
        self._last[stream] = (order, {source: values.get(source) for source in change.carried.values()})

    def _set(self, key: Any, values: Mapping[str, Any]) -> None:
        row = self._rows[key]
        for name, value in values.items():
            place = self._place[name]
            index = self._by.get(name)
            if index is not None and row[place] != value:
                index.get(row[place], {}).pop(key, None)
                index.setdefault(value, {})[key] = None
            row[place] = value
        if row[0] != key:
            self._move(key, row[0])

    def _move(self, key: Any, to: Any) -> None:
        self._rows[to] = self._rows.pop(key)
        for name, index in self._by.items():
            same = index.setdefault(self._rows[to][self._place[name]], {})
            same.pop(key, None)
            same[to] = None

    def _drop(self, key: Any) -> None:
        row = self._rows.pop(key)
        for name, index in self._by.items():
            index.get(row[self._place[name]], {}).pop(key, None)

    def _keys(self, where: Mapping[str, Any]) -> list[Any]:
        first = self.columns[0]
        if first in where:
            candidates = [where[first]] if where[first] in self._rows else []
        elif where:
            candidates = list(self._found(*min(where.items(), key=lambda item: item[1] is None)))
        else:
            candidates = list(self._rows)
        return [key for key in candidates if self._equal(self._rows[key], where)]

    def _found(self, name: str, value: Any) -> dict[Any, None]:
        if name not in self._by:
            place, index = self._place[name], self._by.setdefault(name, {})
            for key, row in self._rows.items():
                index.setdefault(row[place], {})[key] = None
        return self._by[name].get(value, {})

    def _equal(self, row: Row, where: Mapping[str, Any]) -> bool:
        return all(row[self._place[name]] == value for name, value in where.items())
