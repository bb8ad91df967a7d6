-- name: log_tail
SELECT sealed FROM log_tail

-- name: log_before
, (SELECT sealed FROM log_tail) AS log_tail, coalesce((SELECT max(index) FROM log_leaves), -1) AS newest_leaf

-- name: log_append_one
-- The usual case, as cheap as it gets: one leaf, no subtree complete, the tail there already; and word of it to all.
WITH leaf AS (INSERT INTO log_leaves (index, position, hash) VALUES (%(index)s, %(position)s, %(hash)b))
UPDATE log_tail SET sealed = %(sealed)b RETURNING pg_notify('stored_events', '')

-- name: log_append
WITH leaves AS (
    INSERT INTO log_leaves (index, position, hash)
    SELECT %(first)s + n - 1, position, hash
    FROM unnest(%(positions)s::bigint[], %(hashes)s::bytea[]) WITH ORDINALITY AS given (position, hash, n)
), nodes AS (
    INSERT INTO log_nodes (level, index, hash)
    SELECT * FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[], %(roots)s::bytea[])
    ON CONFLICT DO NOTHING
)
INSERT INTO log_tail (sealed) VALUES (%(sealed)s)
ON CONFLICT (one) DO UPDATE SET sealed = excluded.sealed RETURNING pg_notify('stored_events', '')

-- name: log_fill
WITH leaves AS (
    INSERT INTO log_leaves (index, position, hash)
    SELECT %(first)s + n - 1, position, hash
    FROM unnest(%(positions)s::bigint[], %(hashes)s::bytea[]) WITH ORDINALITY AS given (position, hash, n)
)
INSERT INTO log_nodes (level, index, hash)
SELECT * FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[], %(roots)s::bytea[])
ON CONFLICT DO NOTHING

-- name: log_leaves_read
SELECT index, position, hash FROM log_leaves WHERE index >= %(first)s ORDER BY index LIMIT %(limit)s

-- name: log_level_read
SELECT hash FROM log_nodes WHERE level = %(level)s AND index >= %(start)s AND index < %(stop)s ORDER BY index

-- name: log_rows
SELECT notification_id, originator_id, originator_version, topic, state FROM stored_events
WHERE notification_id > %(after)s AND notification_id <= %(until)s ORDER BY notification_id LIMIT %(limit)s

-- name: log_newest
SELECT coalesce((SELECT max(notification_id) FROM stored_events), 0) AS position,
       coalesce((SELECT max(index) FROM log_leaves), -1) AS leaf

-- name: log_broken_streams
SELECT originator_id, count(*) AS events, max(originator_version) AS newest
FROM stored_events GROUP BY originator_id
HAVING count(*) <> max(originator_version) OR min(originator_version) <> 1 LIMIT %(limit)s

-- name: log_checkpoints_read
SELECT number, envelope FROM log_checkpoints WHERE number > %(after)s ORDER BY number LIMIT %(limit)s

-- name: log_checkpoint_newest
SELECT number, envelope FROM log_checkpoints ORDER BY number DESC LIMIT 1

-- name: log_checkpoint_read
SELECT envelope FROM log_checkpoints WHERE number = %(number)s

-- name: log_checkpoint_keep
INSERT INTO log_checkpoints (number, size, at, envelope) VALUES (%(number)s, %(size)s, %(at)s, %(envelope)s)

-- name: log_evidence_note
INSERT INTO log_evidence AS known (number, anchor, at, proof, error, attempts)
VALUES (%(number)s, %(anchor)s, %(at)s, %(proof)s, %(error)s, %(attempts)s)
ON CONFLICT (number, anchor) DO UPDATE SET
    at = excluded.at, proof = excluded.proof, error = excluded.error, attempts = excluded.attempts
WHERE known.proof = ''

-- name: log_evidence_read
SELECT number, anchor, at, proof, error, attempts FROM log_evidence WHERE number > %(after)s ORDER BY number, anchor

-- name: log_lock
SELECT public.lock_stored_events()

-- name: log_rows_raw
SELECT notification_id, uuid_send(originator_id), originator_version, coalesce(topic, ''), coalesce(state, '')
FROM stored_events
WHERE notification_id > %(after)s AND notification_id <= %(until)s ORDER BY notification_id LIMIT %(limit)s
