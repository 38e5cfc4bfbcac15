-- autostack: no-transaction lock_timeout=5s
-- An encrypted value is bound to a version beside it, a random id that is new with each write: an older value that is restored does not
-- open. NULL beside a value in clear, such as those of the Python services, and beside one that was encrypted before there were versions.
-- Each table is committed on its own: with the locks of several, a writer that has one table and needs another would be in a deadlock with
-- this.
DO $$
BEGIN
    ALTER TABLE projects ADD COLUMN IF NOT EXISTS env_vars_version UUID;
    COMMIT;
    ALTER TABLE deployments ADD COLUMN IF NOT EXISTS env_vars_version UUID;
    COMMIT;
    ALTER TABLE github_connections
        ADD COLUMN IF NOT EXISTS github_access_token_version UUID,
        ADD COLUMN IF NOT EXISTS github_refresh_token_version UUID;
END
$$;
