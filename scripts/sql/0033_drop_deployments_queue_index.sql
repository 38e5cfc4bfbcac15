-- autostack: no-transaction
-- The queue goes by queue_place now.
DROP INDEX CONCURRENTLY IF EXISTS deployments_queued_created_at_id_idx;
