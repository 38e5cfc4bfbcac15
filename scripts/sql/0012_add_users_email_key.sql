-- autostack: no-transaction
-- One account per address, whatever its case; serves the look-up by address.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_lower_email_key
    ON users (lower(email));
