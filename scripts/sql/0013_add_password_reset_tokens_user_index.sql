-- autostack: no-transaction
-- Serves the cascade when a user is deleted.
CREATE INDEX CONCURRENTLY IF NOT EXISTS password_reset_tokens_user_id_idx
    ON password_reset_tokens (user_id);
