-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS webhook_payloads_delivery_idx;
