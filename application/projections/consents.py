"""Who consented to what, to which text, how, until when; and when that ended."""

from __future__ import annotations

from typing import Any

from application.ports.event_store import RecordedEvent
from application.projections.changes import Change, amend, put

TABLE = "consent_rows"


def consents(event: RecordedEvent) -> list[Change]:
    """One row per subject and purpose. ``channel`` is "paper", "session" or "code"; of old records, the door."""
    fields, key = event.fields, {"consent_id": event.aggregate_id}
    match event.name:
        case "consent.granted.v1":
            about = {name: fields[name] for name in ("subject_id", "purpose", "legal_basis")}
            return put(TABLE, key, event, **about, **_given(event))
        case "consent.renewed.v1":
            basis = fields.get("legal_basis")
            ended = dict.fromkeys(("withdrawn_at", "withdrawal_reason", "objected_at"))
            return amend(TABLE, key, event, **({"legal_basis": basis} if basis else {}), **_given(event), **ended)
        case "consent.withdrawn.v1":
            ended = {"withdrawn_at": event.at, "withdrawal_reason": fields["reason"]}
            return amend(TABLE, key, event, status="withdrawn", **ended)
        case "consent.objected.v1":
            ended = {"withdrawn_at": event.at, "withdrawal_reason": fields["reason"], "objected_at": event.at}
            return amend(TABLE, key, event, status="objected", **ended)
        case "consent.expired.v1":
            return amend(TABLE, key, event, status="expired", withdrawn_at=event.at, withdrawal_reason="expired")
        case _:
            return []


def _given(event: RecordedEvent) -> dict[str, Any]:
    fields = event.fields
    return {
        "status": "granted",
        "notice_version": fields["notice_version"],
        "notice_sha256": fields["notice_sha256"],
        "channel": fields.get("collected") or fields["act"].channel,
        "granted_at": event.at,
        "expires_at": fields.get("expires_at"),
        "attested_by": fields.get("attested_by") or None,
        "form_sha256": fields.get("form_sha256") or None,
    }
