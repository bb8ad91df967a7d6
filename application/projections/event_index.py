"""The projection that makes history searchable: what, when, who and about whom, one row per event, nothing personal.

Each row says of which department and person its stream was by then, which many events do not say themselves: that is
carried over from the row before in the stream (``Carry``). Events that cannot be read are rows too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from application.projections.changes import Carry, Change
from domain.act import reason_code

if TYPE_CHECKING:
    from application.ports.event_store import RecordedEvent

TABLE: Final = "event_index_rows"

OF_MANY: Final = frozenset({"rotation"})
"""Aggregates whose events are about one person each, another one every time: what one says is not carried over."""

CARRIED: Final = {"department_before": "department", "department": "department", "subject_id": "subject_id"}

SUCCESS: Final = "success"
REFUSED: Final = "refused"
ABANDONED: Final = "abandoned"
PENDING: Final = "pending"

OUTCOMES: Final = {
    "attempt.succeeded.v1": SUCCESS,
    "attempt.second_factor_accepted.v1": SUCCESS,
    "attempt.fallback_succeeded.v1": SUCCESS,
    "attempt.factor_accepted.v1": PENDING,
    "attempt.refused.v1": REFUSED,
    "attempt.second_factor_refused.v1": REFUSED,
    "attempt.fallback_refused.v1": REFUSED,
    "attempt.abandoned.v1": ABANDONED,
    "enrollment.capture_rejected.v1": REFUSED,
}
"""What came of it, for events that say so; journal entries bring an outcome of their own."""


def event_index(event: RecordedEvent) -> list[Change]:
    """Return the changes: one row per event, damaged and unknown ones too, which are shown raw."""
    fields, act = event.fields, event.fields.get("act")
    values: dict[str, Any] = {
        "at": event.at if event.dated else None,
        "name": event.name,
        "topic": event.topic or None,
        "size": event.size if event.topic else None,
        "aggregate": event.aggregate,
        "stream_id": event.aggregate_id,
        "version": event.version,
        "cause_id": act.causation_id if act else None,
        "correlation_id": act.correlation_id if act else None,
        "actor": act.actor if act else None,
        "channel": act.channel if act else None,
        "outcome": OUTCOMES.get(event.name, fields.get("outcome")),
        "code": _code(event),
    }
    values |= {name: fields[name] for name in ("department", "subject_id") if name in fields}
    if event.aggregate in OF_MANY:
        values.setdefault("subject_id", None)
    return [Carry(TABLE, {"position": event.position}, values, stream="stream_id", order="version", carried=CARRIED)]


def _code(event: RecordedEvent) -> str | None:
    code, reason = event.fields.get("code"), event.fields.get("reason")
    if code:
        return str(code)
    # Whatever is no code may name somebody: it stays in the event.
    return reason_code(str(reason)) if reason else None
