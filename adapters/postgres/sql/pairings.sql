-- name: pairing_invite
INSERT INTO device_pairings (digest, pairing_id, department, label, invited_by, expires_at)
SELECT %(digest)s, %(pairing_id)s, %(department)s, %(label)s, %(invited_by)s, %(expires_at)s
WHERE (SELECT count(*) FROM device_pairings WHERE expires_at > %(now)s) < %(most)s

-- name: pairing_take
DELETE FROM device_pairings WHERE digest = %(digest)s
RETURNING pairing_id, department, label, invited_by, expires_at

-- name: pairing_guess
INSERT INTO device_pairing_guesses (source, began_at, guesses) VALUES (%(source)s, %(began_at)s, 1)
ON CONFLICT (source, began_at) DO UPDATE SET guesses = device_pairing_guesses.guesses + 1
RETURNING guesses

-- name: pairing_forget_invitations
DELETE FROM device_pairings WHERE expires_at <= %(before)s

-- name: pairing_forget_guesses
DELETE FROM device_pairing_guesses WHERE began_at < %(before)s
