-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_waiting_queue_place_id_idx;
