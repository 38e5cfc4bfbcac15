-- autostack: no-transaction
-- The queue in its order; holds only what waits. A claim takes its first entry after the last one that the process claimed.
-- coalesce keeps the index on status out of the plans: before ANALYZE it looks as good, and all that waits would be sorted.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_waiting_queue_place_id_idx
    ON deployments (queue_place, id) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
