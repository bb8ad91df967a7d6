-- The names and columns people know, over the read models. Names stay sealed; a template is named, never shown.

CREATE VIEW face_enrollments AS
SELECT
    subject_id::text AS user_id,
    username_sealed AS username,
    display_name_sealed AS display_name,
    department,
    template_id::text AS face_template,
    threshold_override AS confidence_threshold,
    status = 'active' AS active,
    created_at,
    updated_at,
    enrolled_by,
    (
        SELECT c.granted_at FROM consent_rows AS c
        WHERE c.subject_id = e.subject_id AND c.purpose = 'enrollment'
    ) AS consent_timestamp,
    enrollment_id::text AS enrollment_id,
    status,
    model,
    ended_reason
FROM enrollment_rows AS e;

CREATE VIEW face_auth_logs AS
SELECT
    attempt_id::text AS log_id,
    subject_id::text AS user_id,
    department,
    coalesce(success, false) AS success,
    similarity AS confidence,
    started_at AS "timestamp",
    client_sealed AS ip_address,
    CASE WHEN success THEN NULL ELSE coalesce(reason, code) END AS failure_reason,
    pad_median AS liveness_score,
    1 - pad_decision AS spoofing_score,
    mode,
    state,
    code,
    next_step,
    session_id::text AS session_id,
    ended_at
FROM auth_log_rows;

CREATE VIEW face_auth_sessions AS
SELECT
    s.session_id::text AS session_id,
    s.subject_id::text AS user_id,
    s.department,
    s.status,
    s.opened_at AS started_at,
    s.ended_at AS completed_at,
    coalesce(a.frames_judged, 0) AS frames_processed,
    a.similarity AS best_confidence,
    s.expires_at,
    s.ended_reason,
    s.amr,
    s.acr
FROM session_rows AS s
LEFT JOIN auth_log_rows AS a USING (attempt_id);

-- data_retention_period: null until a retention policy sets one.
CREATE VIEW biometric_consent AS
SELECT
    consent_id::text AS consent_id,
    subject_id::text AS user_id,
    purpose AS consent_type,
    status = 'granted' AS consent_given,
    granted_at AS consent_timestamp,
    withdrawn_at AS consent_withdrawn_at,
    legal_basis,
    'notice ' || notice_version || ', sha256 ' || notice_sha256 AS purpose_description,
    NULL::interval AS data_retention_period,
    status,
    channel,
    withdrawal_reason
FROM consent_rows;

CREATE VIEW face_template_history AS
SELECT
    template_id::text AS history_id,
    subject_id::text AS user_id,
    replaces::text AS old_template,
    template_id::text AS new_template,
    reason AS rotation_reason,
    created_at AS rotated_at,
    created_by AS rotated_by,
    department,
    model,
    status,
    retired_at
FROM template_history_rows;
