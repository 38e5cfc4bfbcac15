-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS users_closed_id_idx;
