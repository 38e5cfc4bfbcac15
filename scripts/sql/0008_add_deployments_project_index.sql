-- autostack: no-transaction
-- A project's recent deployments in index order, without a sort.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_project_id_created_at_id_idx
    ON deployments (project_id, created_at DESC, id DESC);
