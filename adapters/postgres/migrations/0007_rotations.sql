-- Rotation campaigns: what was planned, how far it is, how it ended. One row each.
CREATE TABLE rotation_rows (
    rotation_id uuid PRIMARY KEY,
    reason text,
    scope text,
    value text,
    transform text,
    model text,
    status text,
    total int,
    rotated int,
    awaited int,
    skipped int,
    planned_at timestamptz,
    planned_by text,
    ended_at timestamptz,
    ended_reason text,
    position bigint
);
