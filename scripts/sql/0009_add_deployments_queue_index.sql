-- autostack: no-transaction
-- The queue, oldest first; holds only what waits, so a claim stays short however many deployments are done.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_queued_created_at_id_idx
    ON deployments (created_at, id) WHERE status = 'queued';
