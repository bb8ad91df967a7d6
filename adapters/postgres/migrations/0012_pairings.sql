-- Pairing codes of devices: keyed digests only. Whoever reads this table cannot pair anything.

CREATE TABLE device_pairings (
    digest text PRIMARY KEY,
    pairing_id uuid NOT NULL,
    department text NOT NULL,
    label text NOT NULL,
    invited_by text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX device_pairings_expiry_idx ON device_pairings (expires_at);

-- Guesses at codes, by source (keyed digest of an address, or everybody) and minute.
CREATE TABLE device_pairing_guesses (
    source text NOT NULL,
    began_at timestamptz NOT NULL,
    guesses integer NOT NULL,
    PRIMARY KEY (source, began_at)
);
CREATE INDEX device_pairing_guesses_began_idx ON device_pairing_guesses (began_at);

-- The paired device that signed an attempt's frames.
ALTER TABLE auth_log_rows ADD COLUMN device_id uuid;
