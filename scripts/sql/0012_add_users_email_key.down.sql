-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS users_lower_email_key;
