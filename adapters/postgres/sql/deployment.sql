-- name: deployment_read
SELECT value FROM deployment WHERE name = %(name)s

-- name: deployment_claim
INSERT INTO deployment (name, value) VALUES (%(name)s, %(value)s) ON CONFLICT (name) DO NOTHING
