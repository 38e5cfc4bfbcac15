-- autostack: no-transaction
-- One place per line of a container's output; serves its pages and the next number of an append.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS deployment_runtime_logs_deployment_id_seq_key
    ON deployment_runtime_logs (deployment_id, seq);
