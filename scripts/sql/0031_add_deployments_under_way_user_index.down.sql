-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_under_way_user_id_idx;
