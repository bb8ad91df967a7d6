-- name: signal_streams_lock
SELECT pg_advisory_xact_lock(hashtextextended('signal_streams:' || %(owner)s, 0))

-- name: signal_stream_add
INSERT INTO signal_streams (stream_id, owner, audience, method, endpoint_url, events, description, since, created_at,
                            status, reason, secret_sealed)
SELECT %(stream_id)s, %(owner)s, %(audience)s, %(method)s, %(endpoint_url)s, %(events)s, %(description)s, %(since)s,
       %(created_at)s, %(status)s, %(reason)s, %(secret_sealed)s
WHERE (SELECT count(*) FROM signal_streams WHERE owner = %(owner)s) < %(at_most)s

-- name: signal_stream_get
SELECT * FROM signal_streams WHERE stream_id = %(stream_id)s

-- name: signal_streams_all
SELECT * FROM signal_streams WHERE %(owner)s::text IS NULL OR owner = %(owner)s ORDER BY created_at, stream_id

-- name: signal_stream_replace
UPDATE signal_streams
SET owner = %(owner)s, audience = %(audience)s, method = %(method)s, endpoint_url = %(endpoint_url)s,
    events = %(events)s, description = %(description)s, since = %(since)s, status = %(status)s, reason = %(reason)s,
    secret_sealed = %(secret_sealed)s
WHERE stream_id = %(stream_id)s

-- name: signal_stream_remove
DELETE FROM signal_streams WHERE stream_id = %(stream_id)s

-- name: signal_exclusions_lock
SELECT 1 FROM signal_streams WHERE stream_id = %(stream_id)s FOR UPDATE

-- name: signal_exclude
INSERT INTO signal_exclusions (stream_id, subject)
SELECT %(stream_id)s, %(subject)s
WHERE (SELECT count(*) FROM signal_exclusions WHERE stream_id = %(stream_id)s) < %(at_most)s
   OR EXISTS (SELECT 1 FROM signal_exclusions WHERE stream_id = %(stream_id)s AND subject = %(subject)s)
ON CONFLICT (stream_id, subject) DO UPDATE SET subject = EXCLUDED.subject

-- name: signal_include
DELETE FROM signal_exclusions WHERE stream_id = %(stream_id)s AND subject = %(subject)s

-- name: signal_excluded
SELECT subject FROM signal_exclusions WHERE stream_id = %(stream_id)s AND subject = ANY(%(subjects)s)

-- name: signal_receiver_register
INSERT INTO signal_receivers (actor, name, audience) VALUES (%(actor)s, %(name)s, %(audience)s)
ON CONFLICT (actor) DO UPDATE SET name = EXCLUDED.name, audience = EXCLUDED.audience

-- name: signal_receiver
SELECT name, audience FROM signal_receivers WHERE actor = %(actor)s

-- name: signal_checkpoint
SELECT position FROM signal_checkpoint

-- name: signal_begin
INSERT INTO signal_checkpoint (position) VALUES (%(position)s) ON CONFLICT (one) DO NOTHING

-- name: signal_move
UPDATE signal_checkpoint SET position = %(position)s WHERE position = %(expected)s

-- name: signal_put
INSERT INTO signal_outbox (stream_id, jti, order_key, queue, name, position, at, txn, about, subject_id, facts,
                           state, attempts, made_at, due_at, failing_since, error)
SELECT %(stream_id)s, %(jti)s, %(order_key)s, %(queue)s, %(name)s, %(position)s, %(at)s, %(txn)s, %(about)s,
       %(subject_id)s, %(facts)s, %(state)s, %(attempts)s, %(due_at)s, %(due_at)s, %(failing_since)s, %(error)s
WHERE EXISTS (SELECT 1 FROM signal_streams WHERE stream_id = %(stream_id)s)
ON CONFLICT (stream_id, jti) DO NOTHING

-- name: signal_heads
SELECT letter.*
FROM signal_outbox AS letter
WHERE letter.stream_id = %(stream_id)s
  AND letter.state = 'waiting'
  AND letter.due_at <= %(now)s
  AND letter.order_key <> ALL(%(busy)s::uuid[])
  -- Not NOT EXISTS: the planner makes a join of it, and on a table that it believes empty reads all of it for each row.
  AND (
      SELECT count(*) FROM (
          SELECT 1 FROM signal_outbox AS earlier
          WHERE earlier.queue = letter.queue AND earlier.state = 'waiting' AND earlier.letter_id < letter.letter_id
          LIMIT 1
      ) AS before
  ) = 0
ORDER BY letter.letter_id
LIMIT %(limit)s

-- name: signal_settle
UPDATE signal_outbox
SET state = %(state)s, attempts = %(attempts)s, due_at = %(due_at)s, failing_since = %(failing_since)s,
    error = %(error)s, ended_at = CASE WHEN %(state)s = 'waiting' THEN NULL ELSE %(now)s::timestamptz END
WHERE letter_id = %(letter_id)s AND state = 'waiting'

-- name: signal_acknowledge
UPDATE signal_outbox
SET state = 'delivered', error = '', failing_since = NULL, attempts = attempts + 1, ended_at = %(now)s
WHERE stream_id = %(stream_id)s AND jti = ANY(%(jtis)s) AND state = 'waiting'

-- name: signal_refuse
UPDATE signal_outbox
SET state = 'dead', error = %(error)s, failing_since = coalesce(failing_since, %(now)s), attempts = attempts + 1,
    ended_at = %(now)s
WHERE stream_id = %(stream_id)s AND jti = %(jti)s AND state = 'waiting'

-- name: signal_waiting
SELECT count(*) AS waiting FROM signal_outbox
WHERE stream_id = %(stream_id)s AND state = 'waiting' AND (%(name)s::text IS NULL OR name = %(name)s)

-- name: signal_counts
SELECT state, count(*) AS letters FROM signal_outbox WHERE stream_id = %(stream_id)s GROUP BY state

-- name: signal_dead
SELECT * FROM signal_outbox WHERE state = 'dead' ORDER BY letter_id LIMIT %(limit)s

-- name: signal_replay
UPDATE signal_outbox
SET state = 'waiting', due_at = %(now)s, made_at = %(now)s, attempts = 0, failing_since = NULL, error = '',
    ended_at = NULL
WHERE letter_id = %(letter_id)s AND state = 'dead'

-- name: signal_drop
DELETE FROM signal_outbox WHERE stream_id = %(stream_id)s AND state = 'waiting'

-- name: signal_bury
UPDATE signal_outbox SET state = 'dead', error = %(error)s, ended_at = %(now)s
WHERE state = 'waiting' AND made_at < %(before)s

-- name: signal_forget
DELETE FROM signal_outbox
WHERE (state = 'delivered' AND ended_at < %(delivered_before)s) OR (state = 'dead' AND ended_at < %(dead_before)s)
