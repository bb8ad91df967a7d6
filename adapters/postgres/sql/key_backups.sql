-- name: key_rows_read
SELECT owner, kek_id, wrapped FROM data_keys WHERE wrapped IS NOT NULL ORDER BY owner

-- name: ledger_rows_read
SELECT owner, kind, wrapped_under, at FROM erasure_ledger ORDER BY entry

-- name: ledger_row_put
INSERT INTO erasure_ledger (owner, kind, wrapped_under, at) VALUES (%(owner)s, %(kind)s, %(wrapped_under)s, %(at)s)
ON CONFLICT (owner, kind) DO NOTHING

-- name: key_rows_close
-- A ledger that came with the backup ends keys that are still here.
UPDATE data_keys SET wrapped = NULL, destroyed_at = now()
WHERE wrapped IS NOT NULL AND owner IN (SELECT owner FROM erasure_ledger)

-- name: key_rows_drop
-- Nobody is this owner: a month whose key is wrapped by a lost one gets another, or nobody could sign in in it.
DELETE FROM data_keys WHERE wrapped IS NOT NULL AND starts_with(owner, %(prefix)s) AND NOT kek_id = ANY(%(living)s)

-- name: key_rows_put
INSERT INTO data_keys AS kept (owner, kek_id, wrapped)
SELECT new.owner, new.kek_id, new.wrapped
FROM unnest(%(owners)s::text[], %(kek_ids)s::text[], %(wrapped)s::bytea[]) AS new (owner, kek_id, wrapped)
WHERE new.owner NOT IN (SELECT owner FROM erasure_ledger)
ON CONFLICT (owner) DO UPDATE SET kek_id = excluded.kek_id, wrapped = excluded.wrapped
WHERE kept.wrapped IS NOT NULL AND NOT kept.kek_id = ANY(%(living)s)
