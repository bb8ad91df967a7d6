-- Which key-encryption key wraps new data keys is row 'active_kek' of deployment: nothing is wrapped by a replaced one.
CREATE INDEX data_keys_living_idx ON data_keys (kek_id, owner) WHERE wrapped IS NOT NULL;

-- Append-only: whose data key was destroyed, by which key-encryption keys it may have been wrapped, and when no copy of
-- it can be opened any more. Never part of a data backup: a restore reads it to destroy again what the backup brings back.
CREATE TABLE erasure_ledger (
    entry bigserial PRIMARY KEY,
    owner text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('destroyed', 'final')),
    wrapped_under text[] NOT NULL DEFAULT '{}',
    at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner, kind)
);

CREATE TRIGGER erasure_ledger_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE erasure_ledger ENABLE ALWAYS TRIGGER erasure_ledger_append_only;

-- Starts that were refused because of their key ring: without one no event can be sealed. The next good start records
-- them in the history and empties this.
CREATE TABLE ring_refusals (
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    code text NOT NULL
);
