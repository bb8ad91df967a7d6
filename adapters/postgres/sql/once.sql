-- name: once_first
INSERT INTO seen_once (scope, digest, forget_at) VALUES (%(scope)s, %(digest)s, %(forget_at)s)
ON CONFLICT DO NOTHING
RETURNING true AS first

-- name: once_forget
DELETE FROM seen_once WHERE forget_at < %(before)s
