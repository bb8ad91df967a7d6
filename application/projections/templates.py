"""The projections of templates: their history by id, and the sealed ones that serve."""

from __future__ import annotations

from typing import Any

from application.ports.event_store import RecordedEvent
from application.projections.changes import Change, Remove, actor_of, amend, put


def template_history(event: RecordedEvent) -> list[Change]:
    """Templates by id, never the templates: which one replaced which, when and why."""
    table, fields, where = "template_history_rows", event.fields, {"enrollment_id": event.aggregate_id}
    current = where | {"retired_at": None}
    match event.name:
        case "enrollment.template_sealed.v1":
            return _new_template(event, status="sealed", reason="enrollment")
        case "enrollment.template_rotated.v1":
            return [
                *amend(table, {"template_id": fields["replaces"]}, event, status="rotated", retired_at=event.at),
                *_new_template(event, status=fields["status"], reason=fields["reason"], replaces=fields["replaces"]),
            ]
        case "enrollment.activated.v1" | "enrollment.reinstated.v1":
            return amend(table, current, event, status="active")
        case "enrollment.suspended.v1":
            return amend(table, current, event, status="suspended")
        case "enrollment.revoked.v1":
            return amend(table, current, event, status="revoked", retired_at=event.at, reason=fields["reason"])
        case "enrollment.erased.v1":
            return amend(table, where, event, status="erased")
        case "enrollment.department_changed.v1":
            return amend(table, current, event, department=fields["department"])
        case _:
            return []


def _new_template(event: RecordedEvent, **values: Any) -> list[Change]:
    return put(
        "template_history_rows",
        {"template_id": event.fields["template_id"]},
        event,
        subject_id=event.fields["subject_id"],
        enrollment_id=event.aggregate_id,
        department=event.fields["department"],
        model=event.fields["model"],
        created_at=event.at,
        created_by=actor_of(event),
        **values,
    )


def active_templates(event: RecordedEvent) -> list[Change]:
    """Sealed templates that serve: what the gallery in memory starts from."""
    table, fields, where = "active_template_rows", event.fields, {"enrollment_id": event.aggregate_id}
    match event.name:
        case "enrollment.template_sealed.v1":
            return put(
                table,
                {"template_id": fields["template_id"]},
                event,
                subject_id=fields["subject_id"],
                enrollment_id=event.aggregate_id,
                department=fields["department"],
                model=fields["model"],
                sealed=fields["sealed"],
                transform=fields.get("transform", ""),
                active=False,
            )
        case "enrollment.template_rotated.v1":
            # Whether it serves stays as it is: a suspended one is rotated too.
            template = {name: fields[name] for name in ("template_id", "model", "sealed", "transform")}
            return amend(table, where, event, **template)
        case "enrollment.activated.v1" | "enrollment.reinstated.v1":
            return amend(table, where, event, active=True)
        case "enrollment.suspended.v1":
            return amend(table, where, event, active=False)
        case "enrollment.department_changed.v1":
            return amend(table, where, event, department=fields["department"])
        case "enrollment.threshold_overridden.v1":
            return amend(table, where, event, threshold_override=fields["threshold"])
        case "enrollment.revoked.v1" | "enrollment.erased.v1":
            return [Remove(table, where)]
        case _:
            return []
