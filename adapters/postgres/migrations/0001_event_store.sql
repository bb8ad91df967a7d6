-- The event store, as the eventsourcing library expects it (CREATE_TABLE=no), and what commits together with events.

CREATE TABLE stored_events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text,
    state bytea,
    notification_id bigserial,
    PRIMARY KEY (originator_id, originator_version)
) WITH (
    autovacuum_enabled = true,
    autovacuum_vacuum_threshold = 100000000,
    autovacuum_vacuum_scale_factor = 0.5,
    autovacuum_analyze_threshold = 1000,
    autovacuum_analyze_scale_factor = 0.01
);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id ASC);

CREATE TYPE stored_event_uuid AS (originator_id uuid, originator_version bigint, topic text, state bytea);

CREATE FUNCTION refuse_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END;
$$;

CREATE TRIGGER stored_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- ALWAYS: session_replication_role = replica must not be a way around it.
ALTER TABLE stored_events ENABLE ALWAYS TRIGGER stored_events_append_only;

-- Unique personal values as keyed digests: two enrolments cannot both take a username.
CREATE TABLE identity_claims (
    kind text NOT NULL,
    digest text NOT NULL,
    subject_id uuid NOT NULL,
    PRIMARY KEY (kind, digest)
);

CREATE INDEX identity_claims_subject_idx ON identity_claims (subject_id);

-- Wrapped data keys. The row outlives the key, so that a destroyed key is never made again.
CREATE TABLE data_keys (
    owner text PRIMARY KEY,
    kek_id text NOT NULL,
    wrapped bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);

CREATE TABLE departments (
    name text PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
