-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_started_queue_place_idx;
