-- autostack: no-transaction
-- Newest first for the list, oldest first for the purge.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_payloads_received_at_id_idx
    ON webhook_payloads (received_at, id);
