-- name: data_key_insert
-- FOR SHARE: a rotation that puts another key in charge waits for this insert, and the next insert sees the other key.
INSERT INTO data_keys (owner, kek_id, wrapped)
SELECT %(owner)s, value, %(wrapped)s
FROM (SELECT value FROM deployment WHERE name = 'active_kek' AND value = %(kek_id)s FOR SHARE) AS active
ON CONFLICT (owner) DO NOTHING

-- name: data_key_get
SELECT kek_id, wrapped, destroyed_at IS NOT NULL AS destroyed FROM data_keys WHERE owner = %(owner)s

-- name: data_key_owners
SELECT owner FROM data_keys WHERE wrapped IS NOT NULL AND starts_with(owner, %(prefix)s) ORDER BY owner COLLATE "C"

-- name: data_key_destroy
-- An owner without a key gets a tombstone, so that none is made later.
INSERT INTO data_keys AS kept (owner, kek_id, wrapped, destroyed_at) VALUES (%(owner)s, '', NULL, now())
ON CONFLICT (owner) DO UPDATE SET wrapped = NULL, destroyed_at = now() WHERE kept.destroyed_at IS NULL

-- name: data_key_outdated
SELECT owner, kek_id, wrapped FROM data_keys
WHERE wrapped IS NOT NULL AND kek_id <> %(kek_id)s AND owner > %(after)s
ORDER BY owner LIMIT %(limit)s

-- name: data_key_replace
UPDATE data_keys AS kept SET kek_id = new.kek_id, wrapped = new.wrapped
FROM unnest(%(owners)s::text[], %(old_wrapped)s::bytea[], %(kek_ids)s::text[], %(wrapped)s::bytea[])
    AS new (owner, old_wrapped, kek_id, wrapped)
WHERE kept.owner = new.owner AND kept.wrapped = new.old_wrapped

-- name: data_key_holds
SELECT kek_id, count(*) AS holds FROM data_keys WHERE wrapped IS NOT NULL GROUP BY kek_id

-- name: ledger_append
INSERT INTO erasure_ledger (owner, kind, wrapped_under) VALUES (%(owner)s, %(kind)s, %(wrapped_under)s)
ON CONFLICT (owner, kind) DO NOTHING

-- name: ledger_read
SELECT gone.owner, gone.at, gone.wrapped_under, final.at AS final_at
FROM erasure_ledger AS gone LEFT JOIN erasure_ledger AS final ON final.owner = gone.owner AND final.kind = 'final'
WHERE gone.kind = 'destroyed' ORDER BY gone.entry

-- name: active_kek_hold
SELECT value FROM deployment WHERE name = 'active_kek' FOR SHARE

-- name: active_kek_write
INSERT INTO deployment (name, value) VALUES ('active_kek', %(kek_id)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
