-- autostack: no-transaction
-- The last place of a user, after which the next one is given.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_waiting_user_id_queue_place_idx
    ON deployments (user_id, queue_place) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
