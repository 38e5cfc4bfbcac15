-- autostack: no-transaction
-- What is under way for a user, which a claim with a limit per user counts.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_under_way_user_id_idx
    ON deployments (user_id)
    WHERE (status::text IN ('cloning', 'checkout', 'installing', 'building', 'copying') OR status::text = 'queued' AND started_at IS NOT NULL) AND NOT is_deleted;
