"""Tables made from events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from application.projections.changes import Change


class ReadModels(Protocol):
    """Rows of the projections, kept with their checkpoints."""

    def checkpoint(self, projection: str) -> int:
        """Return the position up to which that projection has been applied (0 at first)."""
        ...

    def apply(self, projection: str, changes: Sequence[Change], *, expected: int, position: int) -> bool:
        """Apply changes and move the checkpoint from ``expected`` to ``position`` in one transaction.

        Return False, with nothing changed, when the checkpoint is not ``expected`` (another process was faster).
        """
        ...

    def reset(self, projection: str, tables: Sequence[str]) -> None:
        """Empty those tables and set the checkpoint to 0, in one transaction."""
        ...

    def rows(self, table: str, where: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return rows, equal on every column of ``where``, in primary key order."""
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
