-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_under_way_project_id_idx;
