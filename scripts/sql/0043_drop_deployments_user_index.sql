-- autostack: no-transaction
-- The index with the numbers has the same order.
DROP INDEX CONCURRENTLY IF EXISTS deployments_user_id_created_at_id_idx;
