"""Read-model rows as they were at a moment, made anew from the events of just those rows.

The live table only says which rows there are (one that a retention sweep took since is not among them); what they held
comes from the events up to where ``as_of`` cuts the history. For all rows there is ``faceauth audit replay``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from application import as_of
from application.ports.event_store import RecordedEvent
from application.ports.selection import Selection
from application.projections.rows import Projection
from application.projections.scratch import ScratchTable
from application.services import Services


@dataclass(frozen=True, slots=True)
class View:
    """A read model that can be looked at as of a moment: its table, key, the rows' beginning and their stream."""

    table: str
    key: str
    began: str
    stream: str


VIEWS: Final[Mapping[str, View]] = {
    "face_auth_logs": View("auth_log_rows", "attempt_id", "started_at", "attempt_id"),
    "face_enrollments": View("enrollment_rows", "enrollment_id", "created_at", "enrollment_id"),
    "face_auth_sessions": View("session_rows", "session_id", "opened_at", "session_id"),
    "face_template_history": View("template_history_rows", "template_id", "created_at", "enrollment_id"),
    "devices": View("device_rows", "device_id", "paired_at", "device_id"),
    "erasures": View("erasure_rows", "erasure_id", "requested_at", "erasure_id"),
    "accounts": View("account_rows", "account_id", "created_at", "account_id"),
}
"""By the names of ``faceauth projections``; those whose rows have a department."""


def rows_as_of(
    services: Services, name: str, moment: datetime, *, department: str | None, limit: int, skip: int = 0
) -> list[dict[str, Any]]:
    """Return at most ``limit`` rows that had begun by then, the newest first, as they were. Raises ``KeyError``.

    ``department`` leaves out rows that were elsewhere at that moment; None: none is left out.
    """
    view, projection = VIEWS[name], as_of.view_named(name)
    cut = as_of.cut_at(services, moment).position
    which = _selection(view, moment, department)
    live = services.read_models.newest(view.table, which, by=view.began, limit=limit, skip=skip)
    found = []
    for row in live:
        events = [event for event in services.store.stream(row[view.stream]) if event.position <= cut]
        table = ScratchTable(services.read_models.columns(view.table))
        replayed_into(projection, table, view.table, events)
        then = table.row(row[view.key])
        if then is not None and department in {None, then.get("department")}:
            found.append(then)
    return found


def count_as_of(services: Services, name: str, moment: datetime, *, department: str | None) -> int:
    """Return how many rows had begun by then."""
    view = VIEWS[name]
    return services.read_models.tally(view.table, [], _selection(view, moment, department)).get((), 0)


def first_moment(services: Services) -> datetime | None:
    """Return when history begins; None where there is none."""
    first = services.store.read(0, 1)
    return first[0].at if first else None


def replayed_into(projection: Projection, table: ScratchTable, name: str, events: list[RecordedEvent]) -> None:
    """Apply what those events change in the table of that name."""
    for change in (change for event in events for change in projection.changes(event)):
        if change.table == name:
            table.apply(change)


def _selection(view: View, moment: datetime, department: str | None) -> Selection:
    equal = {} if department is None else {"department": department}
    # What began at the moment itself is within.
    return Selection(equal, time=view.began, before=moment + datetime.resolution)
