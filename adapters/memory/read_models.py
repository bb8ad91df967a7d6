"""Read models in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from adapters.memory.selecting import group_of, selected, sorted_by
from adapters.read_model_tables import READ_MODEL_TABLES, check_columns
from application.ports.read_models import Step
from application.projections.changes import Amend, Carry, Put, RemoveEach
from application.projections.scratch import ScratchTable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from application.ports.read_models import Frozen
    from application.ports.selection import Group, Selection
    from application.projections.changes import Change


class MemoryReadModels:
    """``application.ports.read_models.ReadModels`` in dictionaries, one lock around each transaction."""

    def __init__(self) -> None:
        """Start empty."""
        self._tables = {table: ScratchTable(columns) for table, columns in READ_MODEL_TABLES.items()}
        self._checkpoints: defaultdict[str, int] = defaultdict(int)
        self._lock = Lock()

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection has been applied."""
        with self._lock:
            return self._checkpoints[projection]

    def checkpoints(self, projections: Collection[str]) -> dict[str, int]:
        """Return the checkpoints of all those projections. See the port."""
        with self._lock:
            return {name: self._checkpoints[name] for name in projections}

    def apply(self, projection: str, changes: Sequence[Change], *, expected: int, position: int) -> bool:
        """Apply changes and move the checkpoint, all or nothing. See the port."""
        return not self.apply_each([Step(projection, changes, expected, position)])

    def apply_each(self, steps: Sequence[Step]) -> set[str]:
        """Take several projections a step on, all or nothing. See the port."""
        with self._lock:
            ready = [step for step in steps if self._checkpoints[step.projection] == step.expected]
            for step in ready:
                for change in step.changes:
                    # All before the first is applied: nothing else about a change can fail.
                    _check(change)
            for step in ready:
                for change in step.changes:
                    self._tables[change.table].apply(change)
                self._checkpoints[step.projection] = step.position
            return {step.projection for step in steps} - {step.projection for step in ready}

    def reset(self, projection: str, tables: Sequence[str]) -> None:
        """Empty those tables and set the checkpoint to 0."""
        for table in tables:
            check_columns(table)
        with self._lock:
            for table in tables:
                self._tables[table] = ScratchTable(READ_MODEL_TABLES[table])
            self._checkpoints[projection] = 0

    def rows(self, table: str, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, equal on every column of ``where``, in primary key order."""
        check_columns(table, *(where or {}))
        with self._lock:
            return list(self._tables[table].rows(where))

    def older(
        self, table: str, column: str, cutoff: datetime, *, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> list[dict[str, Any]]:
        """Return the oldest rows before a moment. See the port."""
        check_columns(table, column)
        key = READ_MODEL_TABLES[table][0]
        with self._lock:
            old = [dict(row) for row in self._tables[table].rows() if row[column] is not None and row[column] < cutoff]
        beyond = [row for row in old if after is None or (row[column], row[key]) > after]
        return sorted(beyond, key=lambda row: (row[column], row[key]))[:limit]

    def count(self, table: str) -> int:
        """Return how many rows there are."""
        check_columns(table)
        with self._lock:
            return len(self._tables[table])

    def tally(self, table: str, groups: Sequence[Group], which: Selection) -> dict[tuple[Any, ...], int]:
        """Count those rows by the values of ``groups``. See the port."""
        counted: Counter[tuple[Any, ...]] = Counter(
            tuple(group_of(row, group) for group in groups) for row in self._selected(table, which, groups=groups)
        )
        return dict(counted)

    def newest(
        self, table: str, which: Selection, *, by: str, limit: int, skip: int = 0, oldest: bool = False
    ) -> list[dict[str, Any]]:
        """Return a page of those rows. See the port."""
        check_columns(table, by)
        found = sorted_by(self._selected(table, which), by, key=READ_MODEL_TABLES[table][0], oldest=oldest)
        return [dict(row) for row in found[skip : skip + limit]]

    def _selected(self, table: str, which: Selection, groups: Sequence[Group] = ()) -> list[dict[str, Any]]:
        names = [group if isinstance(group, str) else group.column for group in groups]
        check_columns(table, *which.equal, *which.filled, *([which.time] if which.time else []), *names)
        with self._lock:
            enrolled = {
                row["subject_id"]
                for row in self._tables["enrollment_rows"].rows()
                if which.enrolled_in is not None and row["department"] == which.enrolled_in
            }
            return [row for row in self._tables[table].rows() if selected(row, which, enrolled)]

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, the primary key first."""
        check_columns(table)
        return READ_MODEL_TABLES[table]

    @contextmanager
    def frozen(self) -> Iterator[Frozen]:
        """Hold still what is in the tables now: a copy. See the port."""
        with self._lock:
            rows = {
                table: {row[READ_MODEL_TABLES[table][0]]: row for row in self._tables[table].rows()}
                for table in READ_MODEL_TABLES
            }
            checkpoints = dict(self._checkpoints)
        yield MemoryFrozen(rows, checkpoints)


class MemoryFrozen:
    """``application.ports.read_models.Frozen``: a copy."""

    def __init__(self, tables: Mapping[str, Mapping[Any, dict[str, Any]]], checkpoints: Mapping[str, int]) -> None:
        """Take the rows of each table by primary key, in order."""
        self._tables = tables
        self._checkpoints = checkpoints

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection had been applied."""
        return self._checkpoints.get(projection, 0)

    def page(self, table: str, after: Any = None, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the next rows in primary key order. See the port."""
        check_columns(table)
        return [row for key, row in self._tables[table].items() if after is None or key > after][:limit]


class MemoryDepartments:
    """``application.ports.read_models.Departments`` in a set."""

    def __init__(self) -> None:
        """Start empty."""
        self._names: set[str] = set()

    def add(self, name: str) -> None:
        """Make sure that department exists. Idempotent."""
        self._names.add(name)

    def exists(self, name: str) -> bool:
        """Say whether it does."""
        return name in self._names

    def names(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._names)


def _check(change: Change) -> None:
    if isinstance(change, Put):
        check_columns(change.table, *change.key, *change.values)
    elif isinstance(change, Carry):
        check_columns(change.table, *change.key, *change.values, *change.carried, *change.carried.values())
    elif isinstance(change, Amend):
        check_columns(change.table, *change.where, *change.values)
    elif isinstance(change, RemoveEach):
        check_columns(change.table, change.column)
    else:
        check_columns(change.table, *change.where)
