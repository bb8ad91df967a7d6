"""The projection of sessions: who is signed in where, on which device, and how that ended. Ids and times only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import Change, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "session_rows"


def sessions(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per session; ``idle_expires_at`` may be nearer than its absolute end."""
    fields, key = event.fields, {"session_id": event.aggregate_id}
    match event.name:
        case "session.opened.v1":
            return put(
                TABLE,
                key,
                event,
                **{name: fields[name] for name in ("subject_id", "attempt_id", "department", "amr", "acr")},
                status="open",
                opened_at=event.at,
                expires_at=fields["expires_at"],
                client_id=fields.get("client_id", ""),
                device_id=fields.get("device_id"),
                idle_expires_at=fields.get("idle_expires_at"),
            )
        case "session.refreshed.v1":
            ends = {"expires_at": fields["expires_at"], "idle_expires_at": fields.get("idle_expires_at")}
            return amend(TABLE, key, event, **ends)
        case "session.assurance_changed.v1":
            return amend(TABLE, key, event, amr=fields["amr"], acr=fields["acr"])
        case "session.revoked.v1":
            return amend(TABLE, key, event, status="revoked", ended_at=event.at, ended_reason=fields["reason"])
        case "session.expired.v1":
            return amend(TABLE, key, event, status="expired", ended_at=event.at)
        case _:
            return []
