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
            withdrawn_at withdrawal_reason position""",
        "template_history_rows": """
            template_id subject_id enrollment_id department model status replaces reason created_at retired_at
            created_by position""",
        "rotation_rows": """
            rotation_id reason scope value transform model status total rotated awaited skipped planned_at planned_by
            ended_at ended_reason position""",
        "erasure_rows": """
            erasure_id subject_id department reason status requested_at requested_by executed_at final_at repeated_at
            position""",
        "account_rows": """
            account_id subject_id department status user_id_sealed username_sealed display_name_sealed has_password
            reason created_at created_by updated_at position""",
        "device_rows": """
            device_id department label status paired_at paired_by revoked_at revoked_reason position""",
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
