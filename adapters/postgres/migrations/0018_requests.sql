-- Requests of data subjects, who was shown whose data, and lockouts as history: ids, codes and times only.
-- What somebody wrote stays sealed in the events.

CREATE TABLE request_rows (
    request_id uuid PRIMARY KEY,
    subject_id uuid,
    department text,
    kind text,
    status text,
    attempt_id uuid,
    received_by text,
    identity_check text,
    received_at timestamptz,
    due_at timestamptz,
    warned text,
    begun text,
    outcome text,
    legal_basis text,
    document_sha256 text,
    closed_at timestamptz,
    closed_by text,
    position bigint
);
CREATE INDEX request_rows_subject_idx ON request_rows (subject_id);
CREATE INDEX request_rows_department_idx ON request_rows (department, due_at);
CREATE INDEX request_rows_open_idx ON request_rows (due_at) WHERE status = 'open';

CREATE TABLE viewing_rows (
    viewing_id uuid PRIMARY KEY,
    subject_id uuid,
    what text,
    viewed_by text,
    channel text,
    viewed_at timestamptz,
    position bigint
);
CREATE INDEX viewing_rows_subject_idx ON viewing_rows (subject_id, viewed_at);

CREATE TABLE lockout_rows (
    episode_id uuid PRIMARY KEY,
    subject_id uuid,
    method text,
    scope text,
    department text,
    failures integer,
    status text,
    imposed_at timestamptz,
    until timestamptz,
    ended_at timestamptz,
    ended_reason text,
    position bigint
);
CREATE INDEX lockout_rows_subject_idx ON lockout_rows (subject_id);
