-- autostack: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_queued_created_at_id_idx
    ON deployments (created_at, id) WHERE status::text = 'queued';
