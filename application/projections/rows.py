"""The projections: one pure function per read model, from an event to row changes.

Rows carry what events carry: personal fields stay sealed, so erasing a data key erases them here too, and a replay
gives byte-identical views.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from application.ports.event_store import RecordedEvent
from application.projections import campaigns as campaign_rows
from application.projections import erasures as erasure_rows
from application.projections import retention
from application.projections.accounts import accounts
from application.projections.changes import NAMES, Amend, Change, actor_of, amend, put
from application.projections.consents import consents
from application.projections.devices import devices
from application.projections.event_index import TABLE as EVENT_INDEX
from application.projections.event_index import event_index
from application.projections.incidents import incidents
from application.projections.rights import LOCKOUTS, REQUESTS, VIEWINGS, lockouts, requests, viewings
from application.projections.sessions import sessions
from application.projections.templates import active_templates, template_history


@dataclass(frozen=True, slots=True)
class Projection:
    """A named read model: its tables and how an event changes them.

    ``reads`` names the aggregates (pinned topics) whose events change anything; () where that is not known, and every
    event is read. ``settled``: a row is made by the event at its primary key, a position, and never changes after.
    """

    name: str
    tables: tuple[str, ...]
    changes: Callable[[RecordedEvent], list[Change]]
    reads: tuple[str, ...] = ()
    settled: bool = False


_ENROLLMENT_STATUS: Final = {
    "enrollment.template_sealed.v1": "sealed",
    "enrollment.activated.v1": "active",
    "enrollment.suspended.v1": "suspended",
    "enrollment.reinstated.v1": "active",
    "enrollment.revoked.v1": "revoked",
    "enrollment.erased.v1": "erased",
}


def enrollments(event: RecordedEvent) -> list[Change]:
    """Who is enrolled where, and how that came about."""
    table, fields, key = "enrollment_rows", event.fields, {"enrollment_id": event.aggregate_id}
    match event.name:
        case "enrollment.opened.v1":
            return put(
                table,
                key,
                event,
                subject_id=fields["subject_id"],
                department=fields["department"],
                status="open",
                **{name: fields[name] for name in NAMES},
                captures_accepted=0,
                captures_rejected=0,
                enrolled_by=actor_of(event),
                created_at=event.at,
                updated_at=event.at,
            )
        case "enrollment.capture_accepted.v1":
            return amend(table, key, event, captures_accepted=fields["accepted"], updated_at=event.at)
        case "enrollment.capture_rejected.v1":
            return amend(table, key, event, captures_rejected=fields["rejected"], updated_at=event.at)
        case "enrollment.template_rotated.v1":
            names = {"template_id": fields["template_id"], "model": fields["model"]}
            return amend(table, key, event, **names, updated_at=event.at)
        case "enrollment.department_changed.v1":
            return amend(table, key, event, department=fields["department"], updated_at=event.at)
        case "enrollment.renamed.v1":
            return amend(table, key, event, **{name: fields[name] for name in NAMES}, updated_at=event.at)
        case "enrollment.threshold_overridden.v1":
            return amend(table, key, event, threshold_override=fields["threshold"], updated_at=event.at)
        case name if name in _ENROLLMENT_STATUS:
            return amend(table, key, event, **_status_columns(event))
        case _:
            return []


def _status_columns(event: RecordedEvent) -> dict[str, Any]:
    fields = event.fields
    columns = {"status": _ENROLLMENT_STATUS[event.name], "updated_at": event.at}
    match event.name:
        case "enrollment.template_sealed.v1":
            columns |= {"template_id": fields["template_id"], "model": fields["model"]}
        case "enrollment.revoked.v1" | "enrollment.suspended.v1":
            columns |= {"ended_reason": fields["reason"]}
        case "enrollment.erased.v1":
            columns |= dict.fromkeys(NAMES)
    return columns


def auth_log(event: RecordedEvent) -> list[Change]:
    """Every attempt: what was shown, what was decided and why."""
    table, fields, key = "auth_log_rows", event.fields, {"attempt_id": event.aggregate_id}
    match event.name:
        case "attempt.started.v1":
            return put(
                table,
                key,
                event,
                department=fields["department"],
                mode=fields["mode"],
                policy=fields["policy"],
                client_sealed="",
                state="started",
                started_at=event.at,
            )
        case "attempt.evidence_assessed.v1":
            evidence = fields["evidence"]
            return amend(
                table,
                key,
                event,
                client_sealed=fields["client_sealed"],
                frames_received=evidence.frames_received,
                frames_judged=evidence.frames_judged,
                frames_usable=evidence.frames_usable,
                pad_median=evidence.pad_median,
                pad_decision=evidence.pad_decision,
                quality=evidence.quality_decision,
            )
        case "attempt.succeeded.v1":
            return amend(
                table,
                key,
                event,
                **_match_columns(event),
                state="succeeded",
                code="ok",
                success=True,
                subject_id=fields["subject_id"],
                enrollment_id=fields["enrollment_id"],
                template_id=fields["template_id"],
                session_id=fields["session_id"],
                ended_at=event.at,
            )
        case "attempt.refused.v1":
            return amend(
                table,
                key,
                event,
                **_match_columns(event),
                **_client_columns(event),
                state="refused",
                code=fields["code"],
                reason=fields["reason"],
                next_step=fields["next_step"],
                success=False,
                subject_id=fields["subject_id"],
                ended_at=event.at,
            )
        case "enrollment.erased.v1":
            return [Amend(table, {"enrollment_id": event.aggregate_id}, {"client_sealed": ""})]
        case "attempt.abandoned.v1":
            return amend(
                table, key, event, state="abandoned", reason=fields["reason"], success=False, ended_at=event.at
            )
        case _:
            return _other_ways(event)


def _other_ways(event: RecordedEvent) -> list[Change]:
    """What became of an attempt by something other than the face, or beside it."""
    table, fields, key = "auth_log_rows", event.fields, {"attempt_id": event.aggregate_id}
    match event.name:
        case "attempt.factor_accepted.v1":
            names = ("subject_id", "enrollment_id", "template_id")
            return amend(
                table,
                key,
                event,
                **_match_columns(event),
                **{name: fields[name] for name in names},
                state="awaiting_factor",
                code="password_required",
                next_step="password",
                success=False,
            )
        case "attempt.second_factor_accepted.v1":
            session = {"session_id": fields["session_id"], "ended_at": event.at}
            return amend(table, key, event, **session, state="succeeded", code="ok", success=True)
        case "attempt.second_factor_refused.v1":
            ended = {"state": "refused", "ended_at": event.at} if fields["final"] else {}
            return amend(table, key, event, **ended, reason=fields["reason"])
        case "attempt.fallback_offered.v1":
            return amend(table, key, event, state="fallback_offered")
        case "attempt.device_proven.v1":
            return amend(table, key, event, device_id=fields["device_id"])
        case "attempt.fallback_succeeded.v1":
            return amend(
                table,
                key,
                event,
                **_client_columns(event),
                state="fallback_succeeded",
                code="ok",
                success=True,
                subject_id=fields["subject_id"],
                session_id=fields["session_id"],
                ended_at=event.at,
            )
        case "attempt.fallback_refused.v1":
            return amend(table, key, event, **_client_columns(event), state="fallback_refused", ended_at=event.at)
        case _:
            return []


def _client_columns(event: RecordedEvent) -> dict[str, Any]:
    sealed = event.fields.get("client_sealed", "")
    return {"client_sealed": sealed} if sealed else {}


def _match_columns(event: RecordedEvent) -> dict[str, Any]:
    match = event.fields["match"]
    if match is None:
        return {}
    distance = None if match.similarity is None or match.runner_up is None else match.similarity - match.runner_up
    return {
        "similarity": match.similarity,
        "margin": None if distance is None else round(distance, 4),
        "threshold": match.threshold,
        "gallery_size": match.gallery_size,
        "claimed": match.claimed,
    }


ACTIVE_TEMPLATES: Final = Projection("active_templates", ("active_template_rows",), active_templates, ("enrollment",))

PROJECTIONS: Final = (
    ACTIVE_TEMPLATES,
    Projection("face_enrollments", ("enrollment_rows",), enrollments, ("enrollment",)),
    Projection(
        "face_auth_logs",
        ("auth_log_rows",),
        retention.swept("attempts", auth_log),
        ("attempt", "enrollment", "retention_sweep"),
    ),
    Projection(
        "face_auth_sessions", ("session_rows",), retention.swept("sessions", sessions), ("session", "retention_sweep")
    ),
    Projection(
        "biometric_consent", ("consent_rows",), retention.swept("consents", consents), ("consent", "retention_sweep")
    ),
    Projection("face_template_history", ("template_history_rows",), template_history, ("enrollment",)),
    Projection("rotations", (campaign_rows.TABLE,), campaign_rows.rotations, ("rotation",)),
    Projection("erasures", (erasure_rows.TABLE,), erasure_rows.erasures, ("erasure",)),
    Projection("accounts", ("account_rows",), accounts, ("account",)),
    Projection("devices", ("device_rows",), devices, ("device",)),
    Projection("requests", (REQUESTS,), requests, ("request",)),
    Projection("viewings", (VIEWINGS,), viewings, ("viewing",)),
    Projection("lockouts", (LOCKOUTS,), lockouts, ("lockout",)),
    Projection("sweeps", (retention.SWEEPS,), retention.sweeps, ("retention_sweep",)),
    Projection("holds", (retention.HOLDS,), retention.holds, ("retention_hold",)),
    Projection("template_uses", (retention.USES,), retention.uses, ("enrollment", "attempt")),
    Projection("incidents", ("incident_rows",), incidents, ("incident",)),
    Projection("event_index", (EVENT_INDEX,), event_index, settled=True),
)
"""Every read model, under the name that ``faceauth projections`` uses."""
