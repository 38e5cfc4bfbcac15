-- The role without a login, and its rights: what the statements of an owner need, and no secret of an account. It is named like the owner
-- of the tables that scripts/roles.sql creates: autostack_tenant beside autostack_owner.
DO $$
DECLARE
    tenant CONSTANT text := CASE
        WHEN current_user::text ~ '_owner$' THEN pg_catalog.regexp_replace(current_user::text, '_owner$', '_tenant')
        ELSE 'autostack_tenant'
    END;
    item record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = tenant) THEN
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN NOBYPASSRLS', tenant);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- The script has run in another database of the server at the same moment.
            WHEN insufficient_privilege THEN
                RAISE 'There is no tenant role, and this role may not create it'
                    USING ERRCODE = 'insufficient_privilege', HINT = 'Run scripts/roles.sql with autostack.row_security = on.';
        END;
    END IF;
    EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA public TO %I', tenant);
    FOR item IN
        SELECT r.table_name, r.rights
        FROM (
            VALUES
                ('users', 'SELECT (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at, closed_at), '
                    'UPDATE (name, avatar_url, updated_at)'),
                ('user_preferences', 'SELECT, INSERT, UPDATE'),
                ('github_connections', 'SELECT, INSERT, UPDATE, DELETE'),
                ('sessions', 'SELECT (id, user_id, expires_at, created_at, family_id, rotated_at, signed_in_at), DELETE'),
                ('projects', 'SELECT, INSERT, UPDATE, DELETE'),
                ('deployments', 'SELECT, INSERT, UPDATE (status, failed_reason, completed_at, build_duration_seconds, is_deleted, '
                    'env_vars, env_vars_version)'),
                ('deployment_stages', 'SELECT, INSERT, UPDATE'),
                ('deployment_leases', 'SELECT (deployment_id, worker, attempt, claimed_at, renewed_at, expires_at, released_at), DELETE'),
                ('deployment_containers', 'SELECT'),
                ('deployment_health_checks', 'SELECT'),
                ('deployment_logs', 'SELECT'),
                ('deployment_runtime_logs', 'SELECT'),
                ('deployment_log_ends', 'SELECT')
        ) AS r (table_name, rights)
    LOOP
        EXECUTE pg_catalog.format('GRANT %s ON public.%I TO %I', item.rights, item.table_name, tenant);
    END LOOP;
    EXECUTE pg_catalog.format('GRANT EXECUTE ON FUNCTION public.row_security_user_id(), public.row_security_owns(uuid) TO %I', tenant);
END
$$;
