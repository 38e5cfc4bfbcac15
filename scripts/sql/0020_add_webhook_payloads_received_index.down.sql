-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS webhook_payloads_received_at_id_idx;
