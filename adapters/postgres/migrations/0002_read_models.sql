-- Read models: made from events, can be emptied and rebuilt at any time. Personal columns hold sealed text only.

CREATE TABLE projection_checkpoints (
    name text PRIMARY KEY,
    position bigint NOT NULL
);

CREATE TABLE enrollment_rows (
    enrollment_id uuid PRIMARY KEY,
    subject_id uuid,
    department text,
    status text,
    user_id_sealed text,
    username_sealed text,
    display_name_sealed text,
    template_id uuid,
    model text,
    captures_accepted int,
    captures_rejected int,
    threshold_override real,
    enrolled_by text,
    created_at timestamptz,
    updated_at timestamptz,
    ended_reason text,
    position bigint
);
CREATE INDEX enrollment_rows_subject_idx ON enrollment_rows (subject_id);
CREATE INDEX enrollment_rows_department_idx ON enrollment_rows (department, status);

CREATE TABLE auth_log_rows (
    attempt_id uuid PRIMARY KEY,
    department text,
    mode text,
    state text,
    code text,
    reason text,
    success boolean,
    subject_id uuid,
    enrollment_id uuid,
    template_id uuid,
    session_id uuid,
    similarity real,
    margin real,
    threshold real,
    gallery_size int,
    pad_median real,
    pad_decision real,
    quality real,
    frames_received int,
    frames_judged int,
    frames_usable int,
    claimed boolean,
    client_sealed text,
    started_at timestamptz,
    ended_at timestamptz,
    next_step text,
    policy text,
    position bigint
);
CREATE INDEX auth_log_rows_started_idx ON auth_log_rows (started_at);
CREATE INDEX auth_log_rows_subject_idx ON auth_log_rows (subject_id, started_at);
CREATE INDEX auth_log_rows_department_idx ON auth_log_rows (department, started_at);

CREATE TABLE session_rows (
    session_id uuid PRIMARY KEY,
    subject_id uuid,
    attempt_id uuid,
    department text,
    status text,
    amr text,
    acr text,
    opened_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz,
    ended_reason text,
    position bigint
);
CREATE INDEX session_rows_subject_idx ON session_rows (subject_id, status);
CREATE INDEX session_rows_open_idx ON session_rows (expires_at) WHERE ended_at IS NULL;

CREATE TABLE consent_rows (
    consent_id uuid PRIMARY KEY,
    subject_id uuid,
    purpose text,
    status text,
    legal_basis text,
    notice_version text,
    notice_sha256 text,
    channel text,
    granted_at timestamptz,
    withdrawn_at timestamptz,
    withdrawal_reason text,
    position bigint
);
CREATE INDEX consent_rows_subject_idx ON consent_rows (subject_id);

CREATE TABLE template_history_rows (
    template_id uuid PRIMARY KEY,
    subject_id uuid,
    enrollment_id uuid,
    department text,
    model text,
    status text,
    replaces uuid,
    reason text,
    created_at timestamptz,
    retired_at timestamptz,
    created_by text,
    position bigint
);
CREATE INDEX template_history_rows_subject_idx ON template_history_rows (subject_id);
CREATE INDEX template_history_rows_enrollment_idx ON template_history_rows (enrollment_id);

CREATE TABLE active_template_rows (
    template_id uuid PRIMARY KEY,
    subject_id uuid,
    enrollment_id uuid,
    department text,
    model text,
    sealed text,
    threshold_override real,
    active boolean NOT NULL DEFAULT false,
    position bigint
);
CREATE INDEX active_template_rows_department_idx ON active_template_rows (department);
CREATE INDEX active_template_rows_enrollment_idx ON active_template_rows (enrollment_id);
CREATE INDEX active_template_rows_subject_idx ON active_template_rows (subject_id);
