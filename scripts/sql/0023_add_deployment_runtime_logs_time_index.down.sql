-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_runtime_logs_deployment_id_timestamp_idx;
