-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS projects_repository_path_id_idx;
