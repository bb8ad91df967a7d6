-- Failures and tries under way, by what they are counted by: keyed digests and ids, no address, no name.
CREATE TABLE lockouts (
    lockout_id uuid PRIMARY KEY,
    method text NOT NULL,
    scope text NOT NULL,
    department text NOT NULL,
    place text NOT NULL,
    subject_id uuid,
    device_id uuid,
    failures int NOT NULL DEFAULT 0,
    live_failures int NOT NULL DEFAULT 0,
    waits int NOT NULL DEFAULT 0,
    until timestamptz,
    stopped boolean NOT NULL DEFAULT false,
    since timestamptz,
    failed_at timestamptz,
    succeeded_at timestamptz,
    refused int NOT NULL DEFAULT 0,
    episode uuid,
    leases jsonb NOT NULL DEFAULT '{}',
    expires_at timestamptz
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX lockouts_expiry_idx ON lockouts (expires_at);
CREATE INDEX lockouts_episode_idx ON lockouts (department, failed_at) WHERE episode IS NOT NULL;
