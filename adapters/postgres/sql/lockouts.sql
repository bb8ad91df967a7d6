-- name: lockouts_peek
SELECT * FROM lockouts WHERE lockout_id = ANY(%(ids)s)

-- name: lockouts_hold
INSERT INTO lockouts AS l (lockout_id, method, scope, department, place, subject_id, device_id)
SELECT *
FROM unnest(
    %(ids)s::uuid[], %(methods)s::text[], %(scopes)s::text[], %(departments)s::text[], %(places)s::text[],
    %(subjects)s::uuid[], %(devices)s::uuid[]
)
ON CONFLICT (lockout_id) DO UPDATE SET method = l.method
RETURNING l.*

-- name: lockouts_keep
UPDATE lockouts
SET
    department = CASE WHEN episode IS NULL THEN %(department)s ELSE department END,
    failures = %(failures)s,
    live_failures = %(live_failures)s,
    waits = %(waits)s,
    until = %(until)s,
    stopped = %(stopped)s,
    since = %(since)s,
    failed_at = %(failed_at)s,
    succeeded_at = %(succeeded_at)s,
    refused = %(refused)s,
    episode = %(episode)s,
    leases = %(leases)s,
    expires_at = %(expires_at)s
WHERE lockout_id = %(lockout_id)s

-- name: lockouts_locked
SELECT * FROM lockouts
WHERE episode IS NOT NULL AND (%(department)s::text IS NULL OR department = %(department)s)
ORDER BY failed_at DESC
LIMIT %(limit)s

-- name: lockouts_expire
DELETE FROM lockouts
WHERE lockout_id IN (
    SELECT lockout_id FROM lockouts
    WHERE (expires_at < %(before)s OR (expires_at IS NULL AND NOT stopped))
    FOR UPDATE SKIP LOCKED
)

-- name: lockouts_excess
DELETE FROM lockouts
WHERE lockout_id IN (
    SELECT lockout_id FROM lockouts
    WHERE NOT stopped
    ORDER BY
        episode IS NOT NULL, succeeded_at IS NOT NULL, failures + live_failures,
        failed_at NULLS FIRST
    LIMIT greatest(0, (SELECT count(*) FROM lockouts) - %(keep)s)
    FOR UPDATE SKIP LOCKED
)

-- name: lockouts_forget_subject
DELETE FROM lockouts WHERE subject_id = %(subject_id)s RETURNING episode
