-- autostack: no-transaction
-- What is under way in a project, which a claim with a limit per project counts.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_under_way_project_id_idx
    ON deployments (project_id)
    WHERE (status::text IN ('cloning', 'checkout', 'installing', 'building', 'copying') OR status::text = 'queued' AND started_at IS NOT NULL) AND NOT is_deleted;
