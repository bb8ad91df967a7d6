-- name: deployment_read
SELECT value FROM deployment WHERE name = %(name)s

-- name: deployment_claim
INSERT INTO deployment (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT (name) DO NOTHING

-- name: deployment_raise
-- A number that only grows.
INSERT INTO deployment AS known (name, value) VALUES (%(name)s, %(value)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE known.value::bigint < excluded.value::bigint

-- name: ring_refusal_note
INSERT INTO ring_refusals (code) VALUES (%(code)s)

-- name: ring_refusals_read
SELECT at, code FROM ring_refusals ORDER BY at

-- name: ring_refusals_drop
DELETE FROM ring_refusals WHERE at <= %(until)s

-- name: deployment_set
INSERT INTO deployment (name, value) VALUES (%(name)s, %(value)s)
ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: deployment_forget
DELETE FROM deployment WHERE name = %(name)s
