-- autostack: no-transaction
-- What has expired, oldest first, for the purge.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_expires_at_id_idx
    ON sessions (expires_at, id);
