-- autostack: no-transaction
-- The lines of a moment, to pass over those that are stored already.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployment_runtime_logs_deployment_id_timestamp_idx
    ON deployment_runtime_logs (deployment_id, timestamp);
