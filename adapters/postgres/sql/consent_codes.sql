-- name: consent_invite
-- A newer code of the same subject takes the older one's place: subject_id is the key, digest is unique.
INSERT INTO consent_codes AS kept (subject_id, digest, invitation_id, invited_by, expires_at)
SELECT %(subject_id)s, %(digest)s, %(invitation_id)s, %(invited_by)s, %(expires_at)s
WHERE (
    SELECT count(*) FROM consent_codes AS others
    WHERE others.expires_at > %(now)s AND others.subject_id <> %(subject_id)s
) < %(most)s
ON CONFLICT (subject_id) DO UPDATE
SET digest = excluded.digest, invitation_id = excluded.invitation_id, invited_by = excluded.invited_by,
    expires_at = excluded.expires_at

-- name: consent_code_take
DELETE FROM consent_codes WHERE digest = %(digest)s
RETURNING invitation_id, subject_id, invited_by, expires_at

-- name: consent_codes_forget
DELETE FROM consent_codes WHERE expires_at <= %(before)s
