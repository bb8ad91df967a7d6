-- Which key ring sealed this database: a keyed fingerprint, so that another ring is refused before it seals anything.
CREATE TABLE deployment (
    name text PRIMARY KEY,
    value text NOT NULL
);
