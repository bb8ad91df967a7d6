-- name: event_versions
SELECT originator_id, max(originator_version) AS version
FROM stored_events WHERE originator_id = ANY(%(ids)s) GROUP BY originator_id

-- name: event_stream
SELECT notification_id, originator_id, originator_version, coalesce(topic, ''), coalesce(state, '')
FROM stored_events WHERE originator_id = %(id)s ORDER BY originator_version

-- name: event_batch
SELECT notification_id, originator_id, originator_version, coalesce(topic, ''), coalesce(state, '')
FROM stored_events WHERE notification_id > %(after)s ORDER BY notification_id LIMIT %(limit)s

-- name: events_there
SELECT count(*) AS found
FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS wanted (originator_id, originator_version)
JOIN stored_events USING (originator_id, originator_version)

-- name: events_at
SELECT notification_id, originator_id, originator_version, coalesce(topic, ''), coalesce(state, '')
FROM stored_events WHERE notification_id = ANY(%(positions)s::bigint[]) ORDER BY notification_id

-- name: event_batch_of
SELECT notification_id, originator_id, originator_version, coalesce(topic, ''), coalesce(state, '')
FROM stored_events WHERE notification_id > %(after)s AND topic = ANY(%(topics)s::text[])
ORDER BY notification_id LIMIT %(limit)s
