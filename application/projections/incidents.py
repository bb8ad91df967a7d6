"""The projection of the incident register: codes, counts and times; what staff wrote stays sealed in the events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "incident_rows"


def incidents(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per incident."""
    fields, key = event.fields, {"incident_id": event.aggregate_id}
    match event.name:
        case "incident.opened.v1":
            return put(
                TABLE,
                key,
                event,
                known_at=fields["known_at"],
                kind=fields["kind"],
                cause=fields["cause"],
                categories=" ".join(fields["categories"]),
                status="open",
                preliminary=False,
                opened_at=event.at,
                opened_by=actor_of(event),
            )
        case "incident.assessed.v1":
            affected = fields["affected"]
            return amend(
                TABLE,
                key,
                event,
                status="assessed",
                risk=fields["risk"],
                selector=affected.selector,
                subjects_affected=affected.subjects,
                departments=" ".join(affected.departments),
                assessed_at=event.at,
            )
        case "incident.authority_notified.v1":
            told = {"authority_at": fields["told_at"], "preliminary": fields["preliminary"]}
            return amend(TABLE, key, event, **told)
        case "incident.subjects_notified.v1":
            return amend(TABLE, key, event, subjects_at=fields["told_at"], subjects_told=fields["count"])
        case "incident.supplemented.v1":
            return amend(TABLE, key, event, supplemented_at=fields["told_at"])
        case "incident.closed.v1":
            why = fields["not_notified"]
            return amend(TABLE, key, event, status="closed", closed_at=event.at, not_notified=why)
        case _:
            return []
