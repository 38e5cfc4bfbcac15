-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_project_id_created_at_id_idx;
