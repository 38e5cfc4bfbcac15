-- Roles for a database of AutoStack. Run as a superuser, connected to the database, before the first upgrade and again after each one:
--
--   psql -v ON_ERROR_STOP=1 -d autostack -f scripts/roles.sql
--
--   autostack_owner     owns tables and functions; nobody logs in as it
--   autostack_migrator  runs autostack-db: whatever it does, it does as the owner
--   autostack_app       the services: reads and writes rows, changes no table and no journal
--   autostack_readonly  people and reports: reads rows, apart from the columns that hold secrets
--
-- The last three may log in and have no password: set one (\password autostack_app), or let pg_hba.conf decide. Several databases of one server
-- have roles of their own under another prefix: PGOPTIONS='-c autostack.role_prefix=staging' psql …
-- Repeated, it changes nothing. Tables of others, such as alembic_version, stay as they are.

SET lock_timeout = '5s';

DO $roles$
DECLARE
    prefix CONSTANT text := coalesce(nullif(current_setting('autostack.role_prefix', TRUE), ''), 'autostack');
    owner CONSTANT text := prefix || '_owner';
    migrator CONSTANT text := prefix || '_migrator';
    app CONSTANT text := prefix || '_app';
    readonly CONSTANT text := prefix || '_readonly';
    tables CONSTANT text[] := ARRAY[
        'users', 'user_preferences', 'github_connections', 'sessions', 'password_reset_tokens', 'projects', 'deployments', 'deployment_logs',
        'deployment_stages', 'deployment_containers', 'deployment_health_checks', 'deployment_runtime_logs', 'webhook_payloads', 'schema_versions'];
    secrets CONSTANT text[] := ARRAY[
        'users.password_hash', 'github_connections.github_access_token', 'github_connections.github_refresh_token', 'sessions.token',
        'password_reset_tokens.token_hash', 'projects.env_vars', 'deployments.env_vars', 'webhook_payloads.headers'];
    item record;
BEGIN
    FOR item IN
        SELECT r.name, r.name <> owner AS logs_in
        FROM unnest(ARRAY[owner, migrator, app, readonly]) AS r (name)
        WHERE NOT EXISTS (SELECT FROM pg_roles p WHERE p.rolname = r.name)
    LOOP
        EXECUTE format('CREATE ROLE %I %s', item.name, CASE WHEN item.logs_in THEN 'LOGIN' ELSE 'NOLOGIN' END);
    END LOOP;

    EXECUTE format('GRANT %I TO %I', owner, migrator);
    EXECUTE format('ALTER ROLE %I IN DATABASE %I SET role = %L', migrator, current_database(), owner);

    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I, %I', current_database(), migrator, app, readonly);
    -- CREATE for the extension uuid-ossp.
    EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), owner);
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', owner);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, %I', app, readonly);

    -- What the next upgrade makes is of use to the services at once; the rights of the others come with the next run.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', owner, app);

    FOR item IN
        SELECT c.oid::regclass AS name, c.relname, c.relowner <> owner::regrole AS is_foreign
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname = ANY (tables)
        ORDER BY c.relname
    LOOP
        IF item.is_foreign THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %I', item.name, owner);
        END IF;

        IF item.relname = 'schema_versions' THEN
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %I', item.name, app);
            EXECUTE format('GRANT SELECT ON %s TO %I', item.name, app);
        ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', item.name, app);
        END IF;

        EXECUTE (
            SELECT format('GRANT SELECT (%s) ON %s TO %I', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), item.name, readonly)
            FROM pg_attribute a
            WHERE a.attrelid = item.name AND a.attnum > 0 AND NOT a.attisdropped AND item.relname || '.' || a.attname <> ALL (secrets));
    END LOOP;

    FOR item IN
        SELECT p.oid::regprocedure AS name
        FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proname IN ('assign_log_seq', 'assign_queue_place', 'assign_repository_key') AND p.proowner <> owner::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', item.name, owner);
    END LOOP;
END
$roles$;
