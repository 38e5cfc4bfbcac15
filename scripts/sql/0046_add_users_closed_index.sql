-- autostack: no-transaction
-- The closed accounts, whose rows are being removed. The index is empty most of the time: other accounts have no entry.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_closed_id_idx
    ON users (id) WHERE closed_at IS NOT NULL;
