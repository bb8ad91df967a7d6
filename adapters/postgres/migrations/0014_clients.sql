-- Clients that take our tokens, and ask about them. A revoked one keeps its row, so that its id is never given again.

CREATE TABLE clients (
    client_id text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('public', 'confidential')),
    audiences text[] NOT NULL CHECK (cardinality(audiences) BETWEEN 1 AND 16),
    secret_digest text NOT NULL DEFAULT '',
    bound_only boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK ((kind = 'confidential') = (secret_digest <> ''))
);
