-- name: checkpoint_create
INSERT INTO projection_checkpoints (name, position) VALUES (%(name)s, 0) ON CONFLICT (name) DO NOTHING

-- name: checkpoint_read
SELECT position FROM projection_checkpoints WHERE name = %(name)s

-- name: checkpoint_lock
SELECT position FROM projection_checkpoints WHERE name = %(name)s FOR UPDATE

-- name: checkpoint_move
UPDATE projection_checkpoints SET position = %(position)s WHERE name = %(name)s

-- name: department_add
INSERT INTO departments (name) VALUES (%(name)s) ON CONFLICT (name) DO NOTHING

-- name: department_exists
SELECT EXISTS (SELECT 1 FROM departments WHERE name = %(name)s) AS found

-- name: department_names
SELECT name FROM departments ORDER BY name COLLATE "C"
