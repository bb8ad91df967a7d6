-- Security events out: streams, what has to go out on them, and how far the store was read for it.

CREATE TABLE signal_streams (
    stream_id uuid PRIMARY KEY,
    owner text NOT NULL,
    audience text NOT NULL,
    method text NOT NULL,
    endpoint_url text NOT NULL,
    events text[] NOT NULL,
    description text NOT NULL,
    since bigint NOT NULL,
    created_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
    reason text NOT NULL,
    secret_sealed text NOT NULL
);
CREATE INDEX signal_streams_owner_idx ON signal_streams (owner);

-- Pairwise subjects that a receiver took off its stream.
CREATE TABLE signal_exclusions (
    stream_id uuid NOT NULL REFERENCES signal_streams ON DELETE CASCADE,
    subject text NOT NULL,
    PRIMARY KEY (stream_id, subject)
);

-- Whom a credential speaks for.
CREATE TABLE signal_receivers (
    actor text PRIMARY KEY,
    name text NOT NULL,
    audience text NOT NULL
);

-- Ids and codes only: what a letter says is written out when it is sent. ``queue`` is stream and order key in one, so
-- that whether a letter is the first of its queue has one possible index, whatever the planner takes the table to hold.
CREATE TABLE signal_outbox (
    letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_id uuid NOT NULL REFERENCES signal_streams ON DELETE CASCADE,
    jti uuid NOT NULL,
    order_key uuid NOT NULL,
    queue uuid NOT NULL,
    name text NOT NULL,
    position bigint NOT NULL,
    at timestamptz NOT NULL,
    txn uuid NOT NULL,
    about uuid NOT NULL,
    subject_id uuid,
    facts jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL,
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    failing_since timestamptz,
    error text NOT NULL,
    ended_at timestamptz,
    UNIQUE (stream_id, jti)
);
CREATE INDEX signal_outbox_waiting_idx ON signal_outbox (stream_id, letter_id) WHERE state = 'waiting';
CREATE INDEX signal_outbox_queue_idx ON signal_outbox (queue, letter_id) WHERE state = 'waiting';
CREATE INDEX signal_outbox_ended_idx ON signal_outbox (state, ended_at) WHERE state <> 'waiting';

CREATE TABLE signal_checkpoint (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL
);
