-- A Merkle log over the stored events (RFC 9162): a leaf for each, written in the transaction of the event.

CREATE TABLE log_leaves (
    index bigint PRIMARY KEY,
    position bigint NOT NULL,
    hash bytea NOT NULL
);

-- Roots of complete subtrees of 256, 65,536 ... leaves: what a proof would else have to compute from the leaves.
CREATE TABLE log_nodes (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (level, index)
);

-- One row, rewritten with every append, under a keyed digest: who has the database but no key cannot make one that fits.
-- In one piece, which every append reads and writes: adapters/eventstore/log.py says what is in it.
CREATE TABLE log_tail (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed bytea NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE log_checkpoints (
    number bigint PRIMARY KEY,
    size bigint NOT NULL,
    at timestamptz NOT NULL,
    envelope bytea NOT NULL
);

-- What others who keep or stamp checkpoints answered.
CREATE TABLE log_evidence (
    number bigint NOT NULL,
    anchor text NOT NULL,
    at timestamptz NOT NULL,
    proof bytea NOT NULL,
    error text NOT NULL,
    attempts integer NOT NULL,
    PRIMARY KEY (number, anchor)
);

CREATE TRIGGER log_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_nodes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_nodes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER log_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();
ALTER TABLE log_leaves ENABLE ALWAYS TRIGGER log_leaves_append_only;
ALTER TABLE log_nodes ENABLE ALWAYS TRIGGER log_nodes_append_only;
ALTER TABLE log_checkpoints ENABLE ALWAYS TRIGGER log_checkpoints_append_only;
