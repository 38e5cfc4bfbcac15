-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_deleted_created_at_id_status_idx;
