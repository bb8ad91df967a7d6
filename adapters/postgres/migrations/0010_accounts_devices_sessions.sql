-- Accounts, devices, and what a session knows of its client and device.

CREATE TABLE account_rows (
    account_id uuid PRIMARY KEY,
    subject_id uuid,
    department text,
    status text,
    user_id_sealed text,
    username_sealed text,
    display_name_sealed text,
    has_password boolean,
    reason text,
    created_at timestamptz,
    created_by text,
    updated_at timestamptz,
    position bigint
);
CREATE INDEX account_rows_subject_idx ON account_rows (subject_id);
CREATE INDEX account_rows_department_idx ON account_rows (department, status);

CREATE TABLE device_rows (
    device_id uuid PRIMARY KEY,
    department text,
    label text,
    status text,
    paired_at timestamptz,
    paired_by text,
    revoked_at timestamptz,
    revoked_reason text,
    position bigint
);
CREATE INDEX device_rows_department_idx ON device_rows (department, status);

ALTER TABLE session_rows
    ADD COLUMN client_id text,
    ADD COLUMN device_id uuid,
    ADD COLUMN idle_expires_at timestamptz;
CREATE INDEX session_rows_device_idx ON session_rows (device_id, status);
CREATE INDEX session_rows_department_idx ON session_rows (department, status);

-- Things that may happen once: token ids, proofs, events of others. Forgotten when they could not pass any more anyway.
CREATE TABLE seen_once (
    scope text NOT NULL,
    digest text NOT NULL,
    forget_at timestamptz NOT NULL,
    PRIMARY KEY (scope, digest)
);
CREATE INDEX seen_once_forget_idx ON seen_once (forget_at);
