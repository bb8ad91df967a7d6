"""The projection of accounts: who may sign in, and of which department. Personal columns stay sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from application.projections.changes import NAMES, Change, actor_of, amend, put

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE = "account_rows"
STATUS = {"account.suspended.v1": "suspended", "account.reinstated.v1": "active", "account.closed.v1": "closed"}


def accounts(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per account. Passwords are no column, and erased people have no names here."""
    fields, key = event.fields, {"account_id": event.aggregate_id}
    match event.name:
        case "account.opened.v1":
            return put(
                TABLE,
                key,
                event,
                subject_id=fields["subject_id"],
                department=fields["department"],
                status="active",
                **{name: fields[name] for name in NAMES},
                has_password=False,
                created_at=event.at,
                created_by=actor_of(event),
                updated_at=event.at,
            )
        case "account.renamed.v1":
            return amend(TABLE, key, event, **{name: fields[name] for name in NAMES}, updated_at=event.at)
        case "account.moved.v1":
            return amend(TABLE, key, event, department=fields["department"], updated_at=event.at)
        case "account.password_set.v1":
            return amend(TABLE, key, event, has_password=bool(fields["password_sealed"]), updated_at=event.at)
        case name if name in STATUS:
            gone = {"has_password": False, **dict.fromkeys(NAMES)} if STATUS[name] == "closed" else {}
            changed = {"status": STATUS[name], "reason": fields["reason"], "updated_at": event.at}
            return amend(TABLE, key, event, **changed, **gone)
        case _:
            return []
