-- name: checkpoints_create
INSERT INTO projection_checkpoints (name, position) SELECT unnest(%(names)s::text[]), 0 ON CONFLICT (name) DO NOTHING

-- name: checkpoints_read
SELECT name, position FROM projection_checkpoints WHERE name = ANY(%(names)s)

-- name: checkpoints_lock
-- In one order everywhere: two who want the same ones wait for each other in turn.
SELECT name, position FROM projection_checkpoints WHERE name = ANY(%(names)s) ORDER BY name FOR UPDATE

-- name: checkpoint_read
SELECT position FROM projection_checkpoints WHERE name = %(name)s

-- name: checkpoints_move
UPDATE projection_checkpoints AS known SET position = moved.position
FROM unnest(%(names)s::text[], %(positions)s::bigint[]) AS moved (name, position) WHERE known.name = moved.name

-- name: department_add
INSERT INTO departments (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING

-- name: department_exists
SELECT EXISTS (SELECT 1 FROM departments WHERE name = %(name)s) AS found

-- name: department_names
SELECT name FROM departments ORDER BY name COLLATE "C"
