-- name: history_snapshot
SELECT now() AS at, coalesce(max(notification_id), 0) AS position, count(*) AS events, pg_export_snapshot() AS snapshot
FROM stored_events

-- name: history_lock
LOCK TABLE stored_events, identity_claims, departments, projection_checkpoints, log_leaves, log_nodes, log_tail,
    log_checkpoints IN ACCESS EXCLUSIVE MODE

-- name: history_open
ALTER TABLE stored_events DISABLE TRIGGER stored_events_append_only;
ALTER TABLE log_leaves DISABLE TRIGGER log_leaves_append_only;
ALTER TABLE log_nodes DISABLE TRIGGER log_nodes_append_only

-- name: history_empty
TRUNCATE stored_events, identity_claims, departments, log_leaves, log_nodes, log_tail

-- name: history_aside
CREATE TEMPORARY TABLE restored_checkpoints (LIKE log_checkpoints) ON COMMIT DROP

-- name: history_checkpoints
INSERT INTO log_checkpoints (number, size, at, envelope)
SELECT number, size, at, envelope FROM restored_checkpoints ON CONFLICT (number) DO NOTHING

-- name: history_go_on
-- Never backwards: a position on a certificate must not come to mean another event.
SELECT setval('stored_events_notification_id_seq', greatest(
    (SELECT last_value FROM stored_events_notification_id_seq),
    (SELECT coalesce(max(notification_id), 0) FROM stored_events), 1))

-- name: history_close
ALTER TABLE stored_events ENABLE ALWAYS TRIGGER stored_events_append_only;
ALTER TABLE log_leaves ENABLE ALWAYS TRIGGER log_leaves_append_only;
ALTER TABLE log_nodes ENABLE ALWAYS TRIGGER log_nodes_append_only
