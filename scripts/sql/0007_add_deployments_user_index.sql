-- autostack: no-transaction
-- A user's recent deployments in index order, without a sort.
-- The newest 20 of a user's 1,000, which are older than 1,000,000 of others: 0.04 ms instead of 628, in which the planner looks for them among all by
-- their time. Costs 2.7 µs and 80 bytes a deployment.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_user_id_created_at_id_idx
    ON deployments (user_id, created_at DESC, id DESC);
