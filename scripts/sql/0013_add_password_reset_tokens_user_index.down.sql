-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS password_reset_tokens_user_id_idx;
