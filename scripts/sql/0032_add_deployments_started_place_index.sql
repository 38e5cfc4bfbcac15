-- autostack: no-transaction
-- The turn that was started last, after which the next one is counted.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_started_queue_place_idx
    ON deployments (queue_place) WHERE started_at IS NOT NULL AND queue_place IS NOT NULL;
