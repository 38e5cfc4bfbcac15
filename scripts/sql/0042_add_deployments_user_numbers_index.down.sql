-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_user_id_created_at_id_numbers_idx;
