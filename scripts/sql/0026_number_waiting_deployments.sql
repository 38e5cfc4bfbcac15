-- What waits already gets its place: a user's oldest deployment in the first turn, the next one in the second, and so on.
UPDATE deployments d
SET queue_place = (n.turn << 32) | n.arrival
FROM (
    SELECT
        o.id,
        pg_catalog.row_number() OVER (PARTITION BY o.user_id ORDER BY o.created_at, o.id) AS turn,
        pg_catalog.row_number() OVER (ORDER BY o.created_at, o.id) AS arrival
    FROM deployments o
    WHERE o.status::text = 'queued' AND NOT o.is_deleted AND o.started_at IS NULL AND o.queue_place IS NULL
) n
WHERE d.id = n.id;
