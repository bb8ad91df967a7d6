-- Who was erased and how far that is: ids and times only.
CREATE TABLE erasure_rows (
    erasure_id uuid PRIMARY KEY,
    subject_id uuid,
    department text,
    reason text,
    status text,
    requested_at timestamptz,
    requested_by text,
    executed_at timestamptz,
    final_at timestamptz,
    repeated_at timestamptz,
    position bigint
);
CREATE INDEX erasure_rows_status_idx ON erasure_rows (status);
CREATE INDEX erasure_rows_subject_idx ON erasure_rows (subject_id);

-- Where a person was, the view says so.
CREATE OR REPLACE VIEW face_enrollments AS
SELECT
    subject_id::text AS user_id,
    CASE WHEN status = 'erased' THEN '[erased]' ELSE username_sealed END AS username,
    CASE WHEN status = 'erased' THEN '[erased]' ELSE display_name_sealed END AS display_name,
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
