-- The incident register: codes, counts and times. What staff wrote stays sealed in the events.
CREATE TABLE incident_rows (
    incident_id uuid PRIMARY KEY,
    known_at timestamptz,
    kind text,
    cause text,
    categories text,
    status text,
    risk text,
    selector text,
    subjects_affected int,
    departments text,
    preliminary boolean,
    authority_at timestamptz,
    subjects_at timestamptz,
    subjects_told int,
    supplemented_at timestamptz,
    opened_at timestamptz,
    opened_by text,
    assessed_at timestamptz,
    closed_at timestamptz,
    not_notified text,
    position bigint
);
CREATE INDEX incident_rows_status_idx ON incident_rows (status);
