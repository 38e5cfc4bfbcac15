-- autostack: no-transaction
-- One place per line of a deployment; serves log pages, tails and the next number of an append.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS deployment_logs_deployment_id_seq_key
    ON deployment_logs (deployment_id, seq);
