"""Many changes as few: what a batch of events does to one row after the other, told once for each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from application.projections.changes import Amend, Change, Put

Key = tuple[str, Any]


def squashed(changes: Iterable[Change], primary: Callable[[str], str]) -> list[Change]:
    """Return changes that come to the same as those, with at most one ``Put`` or ``Amend`` in a row for each row.

    ``primary`` tells the primary key of a table. What touches other rows than the one it names by that key keeps its
    place among the changes of its table, and between two such, changes of the same shape stand together. Tables do not
    know of each other.
    """
    done: list[Change] = []
    waiting: defaultdict[str, dict[Any, Change]] = defaultdict(dict)
    for change in changes:
        rows = waiting[change.table]
        key = _key(change, primary(change.table))
        if key is None:
            done.extend(_by_shape(rows))
            rows.clear()
            done.append(change)
            continue
        before = rows.get(key)
        if isinstance(before, Amend) and isinstance(change, Put):
            # The row may be missing, and then nothing of the former is in it.
            done.append(before)
            before = None
        rows[key] = change if before is None else _merged(before, change)
    for rows in waiting.values():
        done.extend(_by_shape(rows))
    return done


def _by_shape(rows: dict[Any, Change]) -> list[Change]:
    """Return changes of different rows, whose order therefore does not matter, with those that look alike together."""
    return sorted(rows.values(), key=lambda change: (type(change).__name__, *getattr(change, "values", ())))


def _key(change: Change, primary: str) -> Any:
    """Return the primary key of the one row that a change is about; None where it may be about others."""
    named = change.key if isinstance(change, Put) else change.where if isinstance(change, Amend) else {}
    if len(named) != 1 or primary not in named or primary in getattr(change, "values", ()):
        return None
    return named[primary]


def _merged(before: Change, change: Change) -> Change:
    if isinstance(before, Put) and isinstance(change, (Put, Amend)):
        return Put(before.table, before.key, {**before.values, **change.values})
    if isinstance(before, Amend) and isinstance(change, Amend):
        return Amend(before.table, before.where, {**before.values, **change.values})
    raise TypeError(f"{type(before).__name__} and {type(change).__name__} do not go together")
