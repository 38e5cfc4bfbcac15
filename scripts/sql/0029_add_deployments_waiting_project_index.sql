-- autostack: no-transaction
-- The first waiting deployment of each project: a claim with limits goes from project to project, however many wait in one.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_waiting_user_id_project_id_queue_place_id_idx
    ON deployments (user_id, project_id, queue_place, id) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
