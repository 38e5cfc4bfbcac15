-- autostack: no-transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_user_id_created_at_id_idx
    ON deployments (user_id, created_at DESC, id DESC);
