"""The read-model tables and their columns, primary key first: what PostgreSQL and its memory twin both hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

READ_MODEL_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    table: tuple(columns.split())
    for table, columns in {
        "enrollment_rows": """
            enrollment_id subject_id department status user_id_sealed username_sealed display_name_sealed template_id
            model captures_accepted captures_rejected threshold_override enrolled_by created_at updated_at ended_reason
            position""",
        "auth_log_rows": """
            attempt_id department mode state code reason success subject_id enrollment_id template_id session_id
            similarity margin threshold gallery_size pad_median pad_decision quality frames_received frames_judged
            frames_usable claimed client_sealed started_at ended_at next_step policy position device_id""",
        "session_rows": """
            session_id subject_id attempt_id department status amr acr opened_at expires_at ended_at ended_reason
            position client_id device_id idle_expires_at""",
        "consent_rows": """
            consent_id subject_id purpose status legal_basis notice_version notice_sha256 channel granted_at
            withdrawn_at withdrawal_reason position expires_at attested_by form_sha256 objected_at""",
        "template_history_rows": """
            template_id subject_id enrollment_id department model status replaces reason created_at retired_at
            created_by position""",
        "rotation_rows": """
            rotation_id reason scope value transform model status total rotated awaited skipped planned_at planned_by
            ended_at ended_reason position""",
        "erasure_rows": """
            erasure_id subject_id department reason status requested_at requested_by executed_at final_at repeated_at
            position""",
        "incident_rows": """
            incident_id known_at kind cause categories status risk selector subjects_affected departments preliminary
            authority_at subjects_at subjects_told supplemented_at opened_at opened_by assessed_at closed_at
            not_notified position""",
        "account_rows": """
            account_id subject_id department status user_id_sealed username_sealed display_name_sealed has_password
            reason created_at created_by updated_at position""",
        "device_rows": """
            device_id department label status paired_at paired_by revoked_at revoked_reason position""",
        "request_rows": """
            request_id subject_id department kind status attempt_id received_by identity_check received_at due_at
            warned begun outcome legal_basis document_sha256 closed_at closed_by position""",
        "viewing_rows": "viewing_id subject_id what viewed_by channel viewed_at position",
        "lockout_rows": """
            episode_id subject_id method scope department failures status imposed_at until ended_at ended_reason
            position""",
        "sweep_rows": """
            sweep_id category day status reason cutoff period_s count held total oldest due_at deleted approved
            approved_by planned_at planned_by ended_at position""",
        "hold_rows": """
            hold_id scope value status reason placed_at placed_by released_at released_by release_reason position""",
        "template_use_rows": """
            enrollment_id subject_id department last_used_at position""",
        "event_index_rows": """
            position at name topic size aggregate stream_id version subject_id department department_before cause_id
            correlation_id actor channel outcome code""",
        "active_template_rows": """
            template_id subject_id enrollment_id department model sealed threshold_override active
            position transform""",
    }.items()
}


def check_columns(table: str, *names: str) -> None:
    """Raise ``ValueError`` for a table or column that is not on the list."""
    if table not in READ_MODEL_TABLES:
        raise ValueError(f"no read-model table {table}")
    unknown = set(names) - set(READ_MODEL_TABLES[table])
    if unknown:
        raise ValueError(f"{table} has no column {', '.join(sorted(unknown))}")
