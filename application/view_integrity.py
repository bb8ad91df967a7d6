"""Views equal events: every read model made anew from events, and compared with the live one row for row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from application.ports.read_models import Frozen
from application.projections.rows import PROJECTIONS, Projection
from application.projections.scratch import ScratchTable
from application.services import Services
from application.verification_result import VIEW_EDITED, Fault
from domain.errors import NotFoundError

Progress = Callable[[int, int], None]
"""Hears (position, the last one)."""
BATCH: Final = 2000
PAGE: Final = 2000
MOST: Final = 1000
"""Deviations told for one table: a table that was emptied has as many as it had rows."""

LONGEST_KEY: Final = 80
"""Whoever edits a table by hand may write anything into its key."""

MISSING: Final = "missing"
EXTRA: Final = "extra"
DIFFERENT: Final = "different"


@dataclass(frozen=True, slots=True)
class Deviation:
    """A row that is not what events say: ``missing`` from the table, ``extra`` in it, or ``different`` in ``columns``.

    No values: they may be sealed, and whoever edited them may have put anything there.
    """

    view: str
    table: str
    key: str
    kind: str
    columns: tuple[str, ...] = ()

    @property
    def repair(self) -> str:
        """The command that makes the view anew."""
        return f"faceauth projections rebuild {self.view}"

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "view": self.view,
            "table": self.table,
            "key": self.key,
            "kind": self.kind,
            "columns": list(self.columns),
            "repair": self.repair,
        }


def check_views(
    services: Services, progress: Progress = lambda _done, _all: None, names: Collection[str] = ()
) -> list[Deviation]:
    """Return where live views differ from what events make of them; none: all are sound.

    All of them, or those named. Both are looked at as of each view's own checkpoint, in one snapshot, so that a running
    service does not disturb it. At most ``MOST`` for each table. Events pass in batches; of most views the rows are
    held in memory. Raises ``NotFoundError`` for an unknown name, ``UnavailableError``.
    """
    chosen = [projection for projection in PROJECTIONS if not names or projection.name in names]
    unknown = set(names) - {projection.name for projection in PROJECTIONS}
    if unknown:
        known = ", ".join(projection.name for projection in PROJECTIONS)
        raise NotFoundError(f"no projection of that name; there are: {known}")
    with services.read_models.frozen() as live:
        checked = [_Checked(projection, live, services) for projection in chosen]
        end = max((each.goal for each in checked), default=0)
        position = 0
        while position < end:
            events = services.store.read(position, BATCH)
            for each in checked:
                each.take(event for event in events if event.position <= each.goal)
            if not events:
                break
            position = events[-1].position
            progress(min(position, end), end)
        return [deviation for each in checked for deviation in each.deviations()]


def view_faults(services: Services, progress: Progress = lambda _done, _all: None) -> Iterator[Fault]:
    """Yield every row of a read model that is not what events say, as faults of a verification, with the repair.

    Raises ``UnavailableError``.
    """
    services.projector.catch_up()
    for found in check_views(services, progress):
        columns = f": {', '.join(found.columns)}" if found.columns else ""
        yield Fault(
            VIEW_EDITED,
            f"the row is {found.kind}{columns}",
            view=found.view,
            table=found.table,
            key=found.key[:LONGEST_KEY],
            repair=found.repair,
        )


@dataclass(slots=True)
class _Checked:
    """One projection: made anew beside its live tables."""

    projection: Projection
    live: Frozen
    services: Services
    goal: int = 0
    _tables: dict[str, _Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.goal = self.live.checkpoint(self.projection.name)
        for table in self.projection.tables:
            made = ScratchTable(self.services.read_models.columns(table))
            self._tables[table] = _Table(self.projection.name, table, made, _Rows(self.live, table, made.columns[0]))

    def take(self, events: Iterator[Any]) -> None:
        last = 0
        for event in events:
            for change in self.projection.changes(event):
                self._tables[change.table].made.apply(change)
            last = event.position
        if self.projection.settled and last:
            # These rows stay as they are: compared and let go of, they need no memory.
            for table in self._tables.values():
                table.compare(upto=last)
                table.made.forget()

    def deviations(self) -> list[Deviation]:
        for table in self._tables.values():
            table.compare()
        return [deviation for table in self._tables.values() for deviation in table.found]


@dataclass(slots=True)
class _Table:
    view: str
    name: str
    made: ScratchTable
    live: _Rows
    found: list[Deviation] = field(default_factory=list)

    def compare(self, upto: int | None = None) -> None:
        """Compare live rows, up to a key if there is one, with all that was made."""
        left = self.made.keys()
        for row in self.live.upto(upto):
            key = row[self.made.columns[0]]
            made = self.made.row(key)
            left.discard(key)
            if made is None:
                self._note(key, EXTRA)
            elif row != made:
                columns = tuple(name for name in self.made.columns if not _same(row[name], made[name]))
                if columns:
                    self._note(key, DIFFERENT, columns)
        for key in sorted(left)[:MOST]:
            self._note(key, MISSING)

    def _note(self, key: Any, kind: str, columns: tuple[str, ...] = ()) -> None:
        if len(self.found) < MOST:
            self.found.append(Deviation(self.view, self.name, str(key), kind, columns))


class _Rows:
    """Live rows in primary key order, page by page."""

    def __init__(self, live: Frozen, table: str, key: str) -> None:
        self._rows = self._pages(live, table, key)
        self._key = key
        self._next: Mapping[str, Any] | None = None

    def upto(self, key: int | None) -> Iterator[Mapping[str, Any]]:
        """Yield the next rows; stop before the first one after ``key``."""
        while True:
            row = self._next if self._next is not None else next(self._rows, None)
            self._next = row
            if row is None or (key is not None and row[self._key] > key):
                return
            self._next = None
            yield row

    @staticmethod
    def _pages(live: Frozen, table: str, key: str) -> Iterator[Mapping[str, Any]]:
        after = None
        while page := live.page(table, after, PAGE):
            yield from page
            after = page[-1][key]


def _same(live: Any, made: Any) -> bool:
    """Say whether a stored value is the one that was made; a column of four-byte numbers keeps seven digits of it."""
    if live == made:
        return True
    if isinstance(live, float) and isinstance(made, (int, float)):
        return live == float(str(np.float32(made)))
    return False
