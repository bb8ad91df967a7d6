"""The projection of erasures: who was asked to be forgotten, and how far that is. Ids and times only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "erasure_rows"


def erasures(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per erased person."""
    key = {"erasure_id": event.aggregate_id}
    match event.name:
        case "erasure.requested.v1":
            asked = {name: event.fields[name] for name in ("subject_id", "reason", "department")}
            return put(
                TABLE, key, event, **asked, status="requested", requested_at=event.at, requested_by=actor_of(event)
            )
        case "erasure.executed.v1":
            return amend(TABLE, key, event, status="executed", executed_at=event.at)
        case "erasure.finalised.v1":
            return amend(TABLE, key, event, status="final", final_at=event.at)
        case "erasure.repeated.v1":
            return amend(TABLE, key, event, repeated_at=event.at)
        case _:
            return []
