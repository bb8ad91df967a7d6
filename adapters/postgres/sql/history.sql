-- name: history_snapshot
SELECT now() AS at, coalesce(max(notification_id), 0) AS position, count(*) AS events, pg_export_snapshot() AS snapshot
FROM stored_events

-- name: history_lock
LOCK TABLE stored_events, identity_claims, departments, projection_checkpoints IN ACCESS EXCLUSIVE MODE

-- name: history_open
ALTER TABLE stored_events DISABLE TRIGGER stored_events_append_only

-- name: history_empty
TRUNCATE stored_events, identity_claims, departments

-- name: history_go_on
-- Never backwards: a position on a certificate must not come to mean another event.
SELECT setval('stored_events_notification_id_seq', greatest(
    (SELECT last_value FROM stored_events_notification_id_seq),
    (SELECT coalesce(max(notification_id), 0) FROM stored_events), 1))

-- name: history_close
ALTER TABLE stored_events ENABLE ALWAYS TRIGGER stored_events_append_only
