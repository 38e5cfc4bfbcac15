-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_logs_search_idx;
