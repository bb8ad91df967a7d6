-- name: data_key_insert
INSERT INTO data_keys (owner, kek_id, wrapped) VALUES (%(owner)s, %(kek_id)s, %(wrapped)s) ON CONFLICT (owner) DO NOTHING

-- name: data_key_get
SELECT kek_id, wrapped, destroyed_at IS NOT NULL AS destroyed FROM data_keys WHERE owner = %(owner)s

-- name: data_key_destroy
-- An owner without a key gets a tombstone, so that none is made later.
INSERT INTO data_keys AS kept (owner, kek_id, wrapped, destroyed_at) VALUES (%(owner)s, '', NULL, now())
ON CONFLICT (owner) DO UPDATE SET wrapped = NULL, destroyed_at = now() WHERE kept.destroyed_at IS NULL
