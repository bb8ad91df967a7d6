-- name: client_add
INSERT INTO clients (client_id, kind, audiences, secret_digest, bound_only, created_at)
VALUES (%(client_id)s, %(kind)s, %(audiences)s, %(secret_digest)s, %(bound_only)s, %(created_at)s)
ON CONFLICT DO NOTHING
RETURNING true AS added

-- name: clients_find
SELECT client_id, kind, audiences, secret_digest, bound_only, created_at, revoked_at
FROM clients WHERE client_id = ANY(%(ids)s)

-- name: clients_all
SELECT client_id, kind, audiences, secret_digest, bound_only, created_at, revoked_at
FROM clients ORDER BY client_id COLLATE "C"

-- name: client_audiences
SELECT DISTINCT unnest(audiences) AS audience FROM clients

-- name: client_revoke
UPDATE clients SET revoked_at = %(at)s WHERE client_id = %(client_id)s AND revoked_at IS NULL
