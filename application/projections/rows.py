"""The projections: one pure function per read model, from an event to row changes.

Rows carry what events carry: personal fields stay sealed, so erasing a data key erases them here too, and a replay
gives byte-identical views.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from application.ports.event_store import RecordedEvent
from application.projections.changes import Amend, Change, Put, Remove


@dataclass(frozen=True, slots=True)
class Projection:
    """A named read model: its tables and how an event changes them."""

    name: str
    tables: tuple[str, ...]
    changes: Callable[[RecordedEvent], list[Change]]


def _actor(event: RecordedEvent) -> str:
    return str(event.fields["act"].actor)


def _put(table: str, key: Mapping[str, Any], event: RecordedEvent, **values: Any) -> list[Change]:
    return [Put(table, key, {**values, "position": event.position})]


def _amend(table: str, where: Mapping[str, Any], event: RecordedEvent, **values: Any) -> list[Change]:
    return [Amend(table, where, {**values, "position": event.position})]


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
            return _put(
                table,
                key,
                event,
                subject_id=fields["subject_id"],
                department=fields["department"],
                status="open",
                user_id_sealed=fields["user_id_sealed"],
                username_sealed=fields["username_sealed"],
                display_name_sealed=fields["display_name_sealed"],
                captures_accepted=0,
                captures_rejected=0,
                enrolled_by=_actor(event),
                created_at=event.at,
                updated_at=event.at,
            )
        case "enrollment.capture_accepted.v1":
            return _amend(table, key, event, captures_accepted=fields["accepted"], updated_at=event.at)
        case "enrollment.capture_rejected.v1":
            return _amend(table, key, event, captures_rejected=fields["rejected"], updated_at=event.at)
        case "enrollment.department_changed.v1":
            return _amend(table, key, event, department=fields["department"], updated_at=event.at)
        case "enrollment.threshold_overridden.v1":
            return _amend(table, key, event, threshold_override=fields["threshold"], updated_at=event.at)
        case name if name in _ENROLLMENT_STATUS:
            values = {"status": _ENROLLMENT_STATUS[name], "updated_at": event.at}
            if name == "enrollment.template_sealed.v1":
                values |= {"template_id": fields["template_id"], "model": fields["model"]}
            if name in {"enrollment.revoked.v1", "enrollment.suspended.v1"}:
                values["ended_reason"] = fields["reason"]
            return _amend(table, key, event, **values)
        case _:
            return []


def auth_log(event: RecordedEvent) -> list[Change]:
    """Every attempt: what was shown, what was decided and why."""
    table, fields, key = "auth_log_rows", event.fields, {"attempt_id": event.aggregate_id}
    match event.name:
        case "attempt.started.v1":
            return _put(
                table,
                key,
                event,
                department=fields["department"],
                mode=fields["mode"],
                policy=fields["policy"],
                client_sealed=fields["client_sealed"],
                state="started",
                started_at=event.at,
            )
        case "attempt.evidence_assessed.v1":
            evidence = fields["evidence"]
            return _amend(
                table,
                key,
                event,
                frames_received=evidence.frames_received,
                frames_judged=evidence.frames_judged,
                frames_usable=evidence.frames_usable,
                pad_median=evidence.pad_median,
                pad_decision=evidence.pad_decision,
                quality=evidence.quality_decision,
            )
        case "attempt.succeeded.v1":
            return _amend(
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
            return _amend(
                table,
                key,
                event,
                **_match_columns(event),
                state="refused",
                code=fields["code"],
                reason=fields["reason"],
                next_step=fields["next_step"],
                success=False,
                subject_id=fields["subject_id"],
                ended_at=event.at,
            )
        case "attempt.abandoned.v1":
            return _amend(
                table, key, event, state="abandoned", reason=fields["reason"], success=False, ended_at=event.at
            )
        case "attempt.fallback_offered.v1":
            return _amend(table, key, event, state="fallback_offered")
        case "attempt.fallback_succeeded.v1":
            return _amend(
                table,
                key,
                event,
                state="fallback_succeeded",
                success=True,
                subject_id=fields["subject_id"],
                session_id=fields["session_id"],
                ended_at=event.at,
            )
        case "attempt.fallback_refused.v1":
            return _amend(table, key, event, state="fallback_refused", ended_at=event.at)
        case _:
            return []


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


def sessions(event: RecordedEvent) -> list[Change]:
    """Sessions and how they ended."""
    table, fields, key = "session_rows", event.fields, {"session_id": event.aggregate_id}
    match event.name:
        case "session.opened.v1":
            return _put(
                table,
                key,
                event,
                subject_id=fields["subject_id"],
                attempt_id=fields["attempt_id"],
                department=fields["department"],
                status="open",
                amr=fields["amr"],
                acr=fields["acr"],
                opened_at=event.at,
                expires_at=fields["expires_at"],
            )
        case "session.refreshed.v1":
            return _amend(table, key, event, expires_at=fields["expires_at"])
        case "session.revoked.v1":
            return _amend(table, key, event, status="revoked", ended_at=event.at, ended_reason=fields["reason"])
        case "session.expired.v1":
            return _amend(table, key, event, status="expired", ended_at=event.at)
        case _:
            return []


def consents(event: RecordedEvent) -> list[Change]:
    """Who consented to what, to which text, and when that ended."""
    table, fields, key = "consent_rows", event.fields, {"consent_id": event.aggregate_id}
    match event.name:
        case "consent.granted.v1":
            return _put(
                table,
                key,
                event,
                subject_id=fields["subject_id"],
                purpose=fields["purpose"],
                status="granted",
                legal_basis=fields["legal_basis"],
                notice_version=fields["notice_version"],
                notice_sha256=fields["notice_sha256"],
                channel=fields["act"].channel,
                granted_at=event.at,
            )
        case "consent.renewed.v1":
            return _amend(
                table,
                key,
                event,
                status="granted",
                notice_version=fields["notice_version"],
                notice_sha256=fields["notice_sha256"],
                channel=fields["act"].channel,
                granted_at=event.at,
                withdrawn_at=None,
                withdrawal_reason=None,
            )
        case "consent.withdrawn.v1" | "consent.objected.v1":
            status = event.name.split(".")[1]
            return _amend(table, key, event, status=status, withdrawn_at=event.at, withdrawal_reason=fields["reason"])
        case "consent.expired.v1":
            return _amend(table, key, event, status="expired", withdrawn_at=event.at, withdrawal_reason="expired")
        case _:
            return []


def template_history(event: RecordedEvent) -> list[Change]:
    """Templates by id, never the templates."""
    table, fields, where = "template_history_rows", event.fields, {"enrollment_id": event.aggregate_id}
    match event.name:
        case "enrollment.template_sealed.v1":
            return _put(
                table,
                {"template_id": fields["template_id"]},
                event,
                subject_id=fields["subject_id"],
                enrollment_id=event.aggregate_id,
                department=fields["department"],
                model=fields["model"],
                status="sealed",
                reason="enrollment",
                created_at=event.at,
                created_by=_actor(event),
            )
        case "enrollment.activated.v1" | "enrollment.reinstated.v1":
            return _amend(table, where, event, status="active")
        case "enrollment.suspended.v1":
            return _amend(table, where, event, status="suspended")
        case "enrollment.revoked.v1":
            return _amend(table, where, event, status="revoked", retired_at=event.at, reason=fields["reason"])
        case "enrollment.erased.v1":
            return _amend(table, where, event, status="erased")
        case "enrollment.department_changed.v1":
            return _amend(table, where, event, department=fields["department"])
        case _:
            return []


def active_templates(event: RecordedEvent) -> list[Change]:
    """Sealed templates that serve: what the gallery in memory starts from."""
    table, fields, where = "active_template_rows", event.fields, {"enrollment_id": event.aggregate_id}
    match event.name:
        case "enrollment.template_sealed.v1":
            return _put(
                table,
                {"template_id": fields["template_id"]},
                event,
                subject_id=fields["subject_id"],
                enrollment_id=event.aggregate_id,
                department=fields["department"],
                model=fields["model"],
                sealed=fields["sealed"],
                active=False,
            )
        case "enrollment.activated.v1" | "enrollment.reinstated.v1":
            return _amend(table, where, event, active=True)
        case "enrollment.suspended.v1":
            return _amend(table, where, event, active=False)
        case "enrollment.department_changed.v1":
            return _amend(table, where, event, department=fields["department"])
        case "enrollment.threshold_overridden.v1":
            return _amend(table, where, event, threshold_override=fields["threshold"])
        case "enrollment.revoked.v1" | "enrollment.erased.v1":
            return [Remove(table, where)]
        case _:
            return []


ACTIVE_TEMPLATES: Final = Projection("active_templates", ("active_template_rows",), active_templates)

PROJECTIONS: Final = (
    ACTIVE_TEMPLATES,
    Projection("face_enrollments", ("enrollment_rows",), enrollments),
    Projection("face_auth_logs", ("auth_log_rows",), auth_log),
    Projection("face_auth_sessions", ("session_rows",), sessions),
    Projection("biometric_consent", ("consent_rows",), consents),
    Projection("face_template_history", ("template_history_rows",), template_history),
)
"""Every read model, under the name that ``faceauth projections`` uses."""
