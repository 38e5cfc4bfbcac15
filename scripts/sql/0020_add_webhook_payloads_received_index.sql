-- autostack: no-transaction
-- Newest first for the list, oldest first for the purge.
-- The newest 50 of 100,000: 0.01 ms instead of 26. Costs 0.5 µs and 98 bytes a delivery.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_payloads_received_at_id_idx
    ON webhook_payloads (received_at, id);
