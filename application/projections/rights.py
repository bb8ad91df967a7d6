"""The projections behind data subjects' rights: requests, who viewed whose data, lockouts. No personal field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from application.projections.changes import Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

REQUESTS: Final = "request_rows"
VIEWINGS: Final = "viewing_rows"
LOCKOUTS: Final = "lockout_rows"

_RECEIVED: Final = ("subject_id", "department", "kind", "attempt_id", "received_by", "identity_check")


def requests(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per request; ``warned`` is the last threshold that was told, or ""."""
    fields, key = event.fields, {"request_id": event.aggregate_id}
    match event.name:
        case "request.received.v1":
            known = {name: fields[name] for name in (*_RECEIVED, "received_at", "due_at")}
            return put(REQUESTS, key, event, **known, status="open", warned="", begun="")
        case "request.warned.v1":
            return amend(REQUESTS, key, event, warned=fields["threshold"])
        case "request.begun.v1":
            return amend(REQUESTS, key, event, begun=fields["action"])
        case "request.answered.v1":
            how = {"outcome": fields["outcome"], "document_sha256": fields["document_sha256"]}
            return amend(REQUESTS, key, event, **how, status="answered", closed_at=event.at, closed_by=actor_of(event))
        case "request.refused.v1":
            how = {"outcome": fields["reason"], "legal_basis": fields["legal_basis"]}
            return amend(REQUESTS, key, event, **how, status="refused", closed_at=event.at, closed_by=actor_of(event))
        case _:
            return []


def viewings(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per look at somebody's data."""
    if event.name != "viewing.recorded.v1":
        return []
    return put(
        VIEWINGS,
        {"viewing_id": event.aggregate_id},
        event,
        subject_id=event.fields["subject_id"],
        what=event.fields["what"],
        viewed_by=actor_of(event),
        channel=event.fields["act"].channel,
        viewed_at=event.at,
    )


def lockouts(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per lockout, from the first wait to its end."""
    fields, key = event.fields, {"episode_id": event.aggregate_id}
    match event.name:
        case "lockout.imposed.v1":
            known = {
                name: fields[name] for name in ("subject_id", "method", "scope", "department", "failures", "until")
            }
            return put(LOCKOUTS, key, event, **known, status="standing", imposed_at=event.at)
        case "lockout.extended.v1":
            return amend(LOCKOUTS, key, event, failures=fields["failures"], until=fields["until"])
        case "lockout.released.v1":
            return amend(LOCKOUTS, key, event, status="released", ended_at=event.at, ended_reason=fields["reason"])
        case "lockout.lifted.v1":
            return amend(LOCKOUTS, key, event, status="lifted", ended_at=event.at)
        case _:
            return []
