-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_waiting_user_id_project_id_queue_place_id_idx;
