-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS projects_provider_repository_idx;
