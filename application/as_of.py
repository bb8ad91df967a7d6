"""Views as they were: the same projections over the events up to a position, into tables in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from application.ports.event_index import Cut
from application.projections.rows import PROJECTIONS, Projection
from application.projections.scratch import ScratchTable
from application.services import Services
from domain.errors import InvalidInputError

Progress = Callable[[int, int], None]
"""Hears (position, the last one)."""
BATCH: Final = 2000
"""Events in memory at a time."""
CLOSED: Final = "[sealed]"
VIEWS: Final[Mapping[str, Projection]] = {
    projection.name: projection
    for projection in PROJECTIONS
    if projection.name not in {"active_templates", "event_index"}
}
"""What can be rebuilt as of a moment: not sealed templates, and not the index, which is the history itself."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that two moments do not have alike: ``before`` and ``after`` hold the columns that differ; None: no row."""

    view: str
    table: str
    key: Any
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """Return added, removed or changed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def view_named(name: str) -> Projection:
    """Return a view that can be rebuilt. Raises ``InvalidInputError``."""
    if name not in VIEWS:
        raise InvalidInputError(f"there is no such view; there are: {', '.join(VIEWS)}")
    return VIEWS[name]


def cut_at(services: Services, moment: datetime) -> Cut:
    """Return where the history as of that moment ends: in the order of commit, whatever a clock said in between.

    Raises ``UnavailableError``.
    """
    services.projector.catch_up()
    return services.event_index.cut(moment)


def rows_at(
    services: Services, view: Projection, position: int, progress: Progress = lambda _done, _all: None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a view after the event at that position, in the order of their keys.

    Events are read in batches; the rows of the view are held in memory. Raises ``UnavailableError``.
    """
    tables = _empty(services, view)
    _advance(services, view, tables, 0, position, progress)
    for table in tables.values():
        yield from table.rows()


def differences(
    services: Services, view: Projection, first: int, second: int, progress: Progress = lambda _done, _all: None
) -> Iterator[Difference]:
    """Yield what changed in a view between two positions, ``first`` not after ``second``, in the order of the keys."""
    tables = _empty(services, view)
    _advance(services, view, tables, 0, first, progress)
    before = {name: {key: table.row(key) or {} for key in table.keys()} for name, table in tables.items()}  # noqa: SIM118 - no mapping
    _advance(services, view, tables, first, second, progress)
    for name, table in tables.items():
        for key in sorted(before[name].keys() | table.keys()):
            former, latter = before[name].get(key), table.row(key)
            if former != latter:
                yield _difference(view.name, name, key, former, latter)


def about(subject_id: UUID, row: Mapping[str, Any] | None) -> bool:
    """Say whether a row is about that person."""
    return row is not None and row.get("subject_id") == subject_id


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for people's eyes: what is sealed stays closed."""
    return {name: CLOSED if value and name.endswith("sealed") else value for name, value in row.items()}


def _difference(
    view: str, table: str, key: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Difference:
    if before is None or after is None:
        return Difference(view, table, key, before, after)
    # The person stays in it, so that a difference can be found by person.
    names = [name for name in after if before[name] != after[name] or name == "subject_id"]
    return Difference(view, table, key, {n: before[n] for n in names}, {n: after[n] for n in names})


def _empty(services: Services, view: Projection) -> dict[str, ScratchTable]:
    return {table: ScratchTable(services.read_models.columns(table)) for table in view.tables}


def _advance(
    services: Services, view: Projection, tables: Mapping[str, ScratchTable], after: int, to: int, progress: Progress
) -> None:
    while after < to:
        events = services.store.read(after, BATCH, view.reads)
        for event in events:
            if event.position > to:
                break
            for change in view.changes(event):
                tables[change.table].apply(change)
        after = events[-1].position if len(events) == BATCH else to
        progress(min(after, to), to)
