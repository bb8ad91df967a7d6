-- The index of history: what, when, who and about whom, one row per event. Nothing personal; made from events.

CREATE TABLE event_index_rows (
    position bigint PRIMARY KEY,
    at timestamptz,
    name text,
    topic text,
    size int,
    aggregate text,
    stream_id uuid,
    version bigint,
    subject_id uuid,
    department text,
    department_before text,
    cause_id uuid,
    correlation_id uuid,
    actor text,
    channel text,
    outcome text,
    code text
);
CREATE INDEX event_index_rows_stream_idx ON event_index_rows (stream_id, version);
CREATE INDEX event_index_rows_subject_idx ON event_index_rows (subject_id, department) WHERE subject_id IS NOT NULL;
CREATE INDEX event_index_rows_cause_idx ON event_index_rows (cause_id) WHERE cause_id IS NOT NULL;
CREATE INDEX event_index_rows_actor_idx ON event_index_rows (actor, position);
