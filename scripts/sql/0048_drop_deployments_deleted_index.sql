-- autostack: no-transaction
-- The index with the statuses has the same order.
DROP INDEX CONCURRENTLY IF EXISTS deployments_deleted_created_at_id_idx;
