"""The projection of devices: which ones the hospital knows, and which it trusts no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "device_rows"


def devices(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per device."""
    fields, key = event.fields, {"device_id": event.aggregate_id}
    match event.name:
        case "device.paired.v1":
            return put(
                TABLE,
                key,
                event,
                department=fields["department"],
                label=fields["label"],
                status="paired",
                paired_at=event.at,
                paired_by=actor_of(event),
            )
        case "device.revoked.v1":
            return amend(TABLE, key, event, status="revoked", revoked_at=event.at, revoked_reason=fields["reason"])
        case _:
            return []
