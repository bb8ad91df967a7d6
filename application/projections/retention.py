"""Projections of retention: sweeps, holds, when a template was last of use; and what a sweep takes from other views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from application.projections.changes import Amend, Change, Remove, RemoveEach, actor_of, amend, put

if TYPE_CHECKING:
    from collections.abc import Callable

    from application.ports.event_store import RecordedEvent

SWEEPS: Final = "sweep_rows"
HOLDS: Final = "hold_rows"
USES: Final = "template_use_rows"

DELETED: Final = "retention.deleted.v1"
ROWS_OF: Final = {
    "attempts": ("auth_log_rows", "attempt_id"),
    "sessions": ("session_rows", "session_id"),
    "consents": ("consent_rows", "consent_id"),
}
"""Table and key of the categories whose rows leave their view. Of the others the events of the people do it."""


def swept(category: str, changes: Callable[[RecordedEvent], list[Change]]) -> Callable[[RecordedEvent], list[Change]]:
    """Return a projection whose rows go where a sweep of that category says so: a rebuild comes to the same."""
    table, key = ROWS_OF[category]

    def after_sweeps(event: RecordedEvent) -> list[Change]:
        if event.name != DELETED:
            return changes(event)
        return [RemoveEach(table, key, tuple(event.fields["ids"]))] if event.fields["category"] == category else []

    return after_sweeps


def sweeps(event: RecordedEvent) -> list[Change]:
    """One row per category and day: what was announced, what went, how it ended."""
    fields, key = event.fields, {"sweep_id": event.aggregate_id}
    match event.name:
        case "retention.planned.v1":
            names = ("category", "day", "cutoff", "period_s", "count", "held", "total", "oldest", "due_at")
            planned = {name: fields[name] for name in names} | {"status": "planned", "deleted": 0, "approved": False}
            return put(SWEEPS, key, event, **planned, planned_at=event.at, planned_by=actor_of(event))
        case "retention.halted.v1":
            return amend(SWEEPS, key, event, status="halted", reason=fields["reason"])
        case "retention.approved.v1":
            return amend(SWEEPS, key, event, status="planned", approved=True, approved_by=actor_of(event))
        case "retention.deleted.v1":
            return amend(SWEEPS, key, event, status="running", deleted=fields["deleted"])
        case "retention.completed.v1":
            ended = {"status": "completed", "deleted": fields["deleted"], "held": fields["held"]}
            return amend(SWEEPS, key, event, **ended, ended_at=event.at)
        case "retention.cancelled.v1":
            return amend(SWEEPS, key, event, status="cancelled", reason=fields["reason"], ended_at=event.at)
        case _:
            return []


def holds(event: RecordedEvent) -> list[Change]:
    """Who or what retention keeps off, since when and why."""
    fields, key = event.fields, {"hold_id": event.aggregate_id}
    match event.name:
        case "retention.hold_placed.v1":
            names = ("scope", "value", "reason")
            placed = {name: fields[name] for name in names} | {"status": "placed", "placed_at": event.at}
            return put(HOLDS, key, event, **placed, placed_by=actor_of(event))
        case "retention.hold_released.v1":
            ended = {"status": "released", "released_at": event.at, "released_by": actor_of(event)}
            return amend(HOLDS, key, event, **ended, release_reason=fields["reason"])
        case _:
            return []


def uses(event: RecordedEvent) -> list[Change]:
    """When the face of an enrolment that stands last let its person in; at first, when the enrolment began to serve."""
    key = {"enrollment_id": event.aggregate_id}
    match event.name:
        case "enrollment.template_sealed.v1":
            names = {name: event.fields[name] for name in ("subject_id", "department")}
            return put(USES, key, event, **names, last_used_at=event.at)
        case "enrollment.department_changed.v1":
            return amend(USES, key, event, department=event.fields["department"])
        case "enrollment.reinstated.v1":
            return amend(USES, key, event, last_used_at=event.at)
        case "attempt.succeeded.v1" | "attempt.factor_accepted.v1":
            used = {"last_used_at": event.at, "position": event.position}
            return [Amend(USES, {"enrollment_id": event.fields["enrollment_id"]}, used)]
        case "enrollment.revoked.v1" | "enrollment.erased.v1":
            return [Remove(USES, key)]
        case _:
            return []
