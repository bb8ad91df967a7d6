"""Tables made from events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from uuid import UUID

    from application.ports.selection import Group, Selection
    from application.projections.changes import Change


class Step(NamedTuple):
    """What a batch of events does to one projection: its checkpoint moves from ``expected`` to ``position``."""

    projection: str
    changes: Sequence[Change]
    expected: int
    position: int


class ReadModels(Protocol):
    """Rows of the projections, kept with their checkpoints."""

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection has been applied (0 at first)."""
        ...

    def checkpoints(self, projections: Collection[str]) -> dict[str, int]:
        """Return the checkpoints of all those projections, as of one moment."""
        ...

    def apply(self, projection: str, changes: Sequence[Change], *, expected: int, position: int) -> bool:
        """Apply changes and move the checkpoint from ``expected`` to ``position`` in one transaction.

        Return False, with nothing changed, when the checkpoint is not ``expected`` (another process was faster).
        """
        ...

    def apply_each(self, steps: Sequence[Step]) -> set[str]:
        """Take several projections a step on, in one transaction; return the names of those that were not there.

        Those have another checkpoint than ``expected``: of them nothing is applied. An error undoes all steps.
        """
        ...

    def reset(self, projection: str, tables: Sequence[str]) -> None:
        """Empty those tables and set the checkpoint to 0, in one transaction."""
        ...

    def rows(self, table: str, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, equal on every column of ``where``, in primary key order."""
        ...

    def older(
        self, table: str, column: str, cutoff: datetime, *, limit: int, after: tuple[datetime, UUID] | None = None
    ) -> list[dict[str, Any]]:
        """Return at most ``limit`` rows whose ``column`` (a time, not empty) lies before ``cutoff``, the oldest first.

        Equal times go by primary key. ``after`` is the time and the key of the last row of the page before.
        """
        ...

    def count(self, table: str) -> int:
        """Return how many rows there are."""
        ...

    def tally(self, table: str, groups: Sequence[Group], which: Selection) -> dict[tuple[Any, ...], int]:
        """Return how many of those rows there are by the values of ``groups``; a group that is empty is not in it."""
        ...

    def newest(
        self, table: str, which: Selection, *, by: str, limit: int, skip: int = 0, oldest: bool = False
    ) -> list[dict[str, Any]]:
        """Return at most ``limit`` of those rows, the newest by the time ``by`` first; ``oldest`` turns it round.

        Rows without that time come last, equal times in primary key order; the first ``skip`` are left out.
        """
        ...

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the columns of a table, the primary key first. Raises ``ValueError`` for one that there is not."""
        ...

    def frozen(self) -> AbstractContextManager[Frozen]:
        """Hold still what is in the tables now, as long as the block runs; others go on meanwhile."""
        ...


class Frozen(Protocol):
    """All tables and checkpoints as they were at one moment."""

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection had been applied."""
        ...

    def page(self, table: str, after: Any = None, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the next rows in primary key order, from the first key after that one (None: from the start)."""
        ...


class Departments(Protocol):
    """The hospital's departments."""

    def add(self, name: str) -> None:
        """Make sure that department exists. Idempotent."""
        ...

    def exists(self, name: str) -> bool:
        """Say whether it does."""
        ...

    def names(self) -> list[str]:
        """All of them, sorted."""
        ...
