-- autostack: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_deleted_created_at_id_idx
    ON deployments (created_at, id) WHERE is_deleted;
