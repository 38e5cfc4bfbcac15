-- autostack: no-transaction lock_timeout=5s
-- Columns that are nullable by their definition and hold a value in every row: one check per table says so.
-- NOT VALID: existing rows are checked by the next script, under a lock that lets writers through.
-- Each table is committed on its own: with the locks of several, a writer that has one table and needs another would be in a deadlock with this.
DO $$
DECLARE
    required record;
BEGIN
    FOR required IN
        SELECT r.name, r.name || '_required_check' AS "check", r.condition
        FROM (VALUES
            ('users', 'created_at IS NOT NULL AND updated_at IS NOT NULL'),
            ('projects', 'created_at IS NOT NULL AND updated_at IS NOT NULL'),
            ('deployments', 'status IS NOT NULL AND created_at IS NOT NULL'),
            ('deployment_logs', 'timestamp IS NOT NULL AND created_at IS NOT NULL AND seq IS NOT NULL'),
            ('deployment_stages', 'status IS NOT NULL AND created_at IS NOT NULL'),
            ('deployment_containers', 'created_at IS NOT NULL'),
            ('deployment_health_checks', 'checked_at IS NOT NULL'),
            ('deployment_runtime_logs', 'timestamp IS NOT NULL AND seq IS NOT NULL'),
            ('user_preferences', 'theme IS NOT NULL AND email_notifications IS NOT NULL AND deployment_success_notifications IS NOT NULL
                AND deployment_failure_notifications IS NOT NULL AND created_at IS NOT NULL AND updated_at IS NOT NULL'),
            ('github_connections', 'connected_at IS NOT NULL'),
            ('sessions', 'created_at IS NOT NULL'),
            ('password_reset_tokens', 'created_at IS NOT NULL')
        ) r (name, condition)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = required.name::regclass::oid AND c.conname = required."check") THEN
            EXECUTE pg_catalog.format('ALTER TABLE %I ADD CONSTRAINT %I CHECK (%s) NOT VALID', required.name, required."check", required.condition);
        END IF;
        COMMIT;
    END LOOP;
END
$$;
