-- Retention: sweeps and holds, when a template was last of use, and finding what is old without reading everything.

CREATE TABLE sweep_rows (
    sweep_id uuid PRIMARY KEY,
    category text,
    day text,
    status text,
    reason text,
    cutoff timestamptz,
    period_s double precision,
    count int,
    held int,
    total int,
    oldest timestamptz,
    due_at timestamptz,
    deleted int,
    approved boolean,
    approved_by text,
    planned_at timestamptz,
    planned_by text,
    ended_at timestamptz,
    position bigint
);
CREATE INDEX sweep_rows_category_idx ON sweep_rows (category, status);

CREATE TABLE hold_rows (
    hold_id uuid PRIMARY KEY,
    scope text,
    value text,
    status text,
    reason text,
    placed_at timestamptz,
    placed_by text,
    released_at timestamptz,
    released_by text,
    release_reason text,
    position bigint
);
CREATE INDEX hold_rows_status_idx ON hold_rows (status);

CREATE TABLE template_use_rows (
    enrollment_id uuid PRIMARY KEY,
    subject_id uuid,
    department text,
    last_used_at timestamptz,
    position bigint
);
CREATE INDEX template_use_rows_used_idx ON template_use_rows (last_used_at, enrollment_id);

CREATE INDEX auth_log_rows_ended_idx ON auth_log_rows (ended_at, attempt_id);
CREATE INDEX session_rows_ended_idx ON session_rows (ended_at, session_id);
CREATE INDEX consent_rows_withdrawn_idx ON consent_rows (withdrawn_at, consent_id);
