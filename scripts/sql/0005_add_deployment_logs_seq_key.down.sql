-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_logs_deployment_id_seq_key;
