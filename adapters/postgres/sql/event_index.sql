-- name: event_index_cut
-- The beginning of history that recorded times contradict least: it gains by every event up to the moment, loses by
-- every later one, and events without a readable time do not count.
WITH scored AS (
    SELECT position, sum(CASE WHEN at <= %(moment)s THEN 1 ELSE -1 END)
        OVER (ORDER BY position ROWS UNBOUNDED PRECEDING) AS score
    FROM event_index_rows WHERE at IS NOT NULL
), best AS (
    SELECT coalesce((SELECT position FROM scored WHERE score > 0 ORDER BY score DESC, position LIMIT 1), 0) AS position
)
SELECT best.position,
    count(*) FILTER (WHERE rows.position <= best.position AND rows.at > %(moment)s) AS later,
    count(*) FILTER (WHERE rows.position > best.position AND rows.at <= %(moment)s) AS earlier,
    min(rows.at) AS first, max(rows.at) AS last
FROM best LEFT JOIN event_index_rows rows ON TRUE GROUP BY best.position
