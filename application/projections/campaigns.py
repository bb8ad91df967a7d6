"""The projection of rotation campaigns: what was planned, how far it is, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "rotation_rows"


def rotations(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per campaign, counts taken from the events."""
    fields = event.fields
    key = {"rotation_id": event.aggregate_id}
    match event.name:
        case "rotation.planned.v1":
            names = ("reason", "scope", "value", "transform", "model", "total")
            planned = {name: fields[name] for name in names} | {"status": "open", "rotated": 0, "awaited": 0}
            return put(TABLE, key, event, **planned, planned_at=event.at, planned_by=actor_of(event))
        case "rotation.template_rotated.v1":
            return amend(TABLE, key, event, rotated=fields["rotated"], awaited=fields["awaited"])
        case "rotation.recapture_required.v1":
            return amend(TABLE, key, event, awaited=fields["awaited"])
        case "rotation.completed.v1":
            skipped = sum(fields["skipped"].values())
            return amend(TABLE, key, event, status="completed", skipped=skipped, awaited=0, ended_at=event.at)
        case "rotation.cancelled.v1":
            return amend(TABLE, key, event, status="cancelled", ended_at=event.at, ended_reason=fields["reason"])
        case _:
            return []
