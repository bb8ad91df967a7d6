-- name: claim_free
DELETE FROM identity_claims WHERE kind = %(kind)s AND digest = %(digest)s AND subject_id = %(subject_id)s

-- name: claims_free
DELETE FROM identity_claims
WHERE subject_id = %(subject_id)s AND (%(kind)s::text IS NULL OR kind = %(kind)s)

-- name: claim_take
-- No row comes back when somebody else holds it.
INSERT INTO identity_claims AS held (kind, digest, subject_id) VALUES (%(kind)s, %(digest)s, %(subject_id)s)
ON CONFLICT (kind, digest) DO UPDATE SET subject_id = held.subject_id WHERE held.subject_id = excluded.subject_id
RETURNING subject_id

-- name: claim_holder
SELECT subject_id FROM identity_claims WHERE kind = %(kind)s AND digest = %(digest)s
