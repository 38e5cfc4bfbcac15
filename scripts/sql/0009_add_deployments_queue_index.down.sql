-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_queued_created_at_id_idx;
