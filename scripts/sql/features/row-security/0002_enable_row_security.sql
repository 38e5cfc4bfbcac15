-- autostack: no-transaction
-- A policy for each table that has an owner, table by table, each committed on its own: a lock is waited for a tenth of a second at most,
-- and tried for again, so that nobody queues for long behind a lock that is not granted. A run that was cut off is taken up where it
-- stopped.
-- What the planner makes of a policy decides its cost, hence the form. A comparison is a call of the function of an operator: by the
-- operator itself the planner would expect hardly any row to pass, and would read and sort all that a user has for each page; of one call it
-- expects a third, of "not both calls are true" nearly all. A sub-select without references to the row is evaluated once per statement. The
-- deployment that the library names in autostack.deployment_id is proved once; a row of another one is proved by its key, as a value: with
-- EXISTS, all deployments of the user would be read into a hash table. A stage is inserted together with its deployment.
DO $$
DECLARE
    item record;
    definition text;
BEGIN
    FOR item IN
        SELECT r.table_name, r.key_column, r.key_column = 'deployment_id' AS is_of_deployment
        FROM (
            VALUES
                ('users', 'id'), ('user_preferences', 'user_id'), ('github_connections', 'user_id'), ('sessions', 'user_id'),
                ('password_reset_tokens', 'user_id'), ('projects', 'user_id'), ('deployments', 'user_id'),
                ('deployment_stages', 'deployment_id'), ('deployment_leases', 'deployment_id'), ('deployment_containers', 'deployment_id'),
                ('deployment_health_checks', 'deployment_id'), ('deployment_logs', 'deployment_id'),
                ('deployment_runtime_logs', 'deployment_id'), ('deployment_log_ends', 'deployment_id'),
                ('webhook_payloads', 'deployment_id')
        ) AS r (table_name, key_column)
    LOOP
        CONTINUE WHEN EXISTS (
            SELECT
            FROM pg_catalog.pg_policy p
            WHERE p.polrelid = pg_catalog.format('public.%I', item.table_name)::regclass::oid
              AND p.polname::text = item.table_name || '_tenant');
        definition := pg_catalog.format(
            CASE WHEN item.is_of_deployment THEN
                'USING (
                    pg_catalog.uuid_eq(deployment_id, (
                        SELECT d.id
                        FROM public.deployments d
                        WHERE d.id OPERATOR(pg_catalog.=) CASE
                            WHEN pg_catalog.current_setting(''autostack.deployment_id'', TRUE) OPERATOR(pg_catalog.<>) ''''::pg_catalog.text
                            THEN pg_catalog.current_setting(''autostack.deployment_id'', TRUE)::pg_catalog.uuid
                        END))
                    OR (SELECT TRUE FROM public.deployments d WHERE d.id OPERATOR(pg_catalog.=) deployment_id)'
                || CASE WHEN item.table_name = 'deployment_stages' THEN ' OR public.row_security_owns(deployment_id))' ELSE ')' END
            ELSE
                'USING (NOT (
                    pg_catalog.uuid_ne(%1$I, (SELECT public.row_security_user_id()))
                    AND pg_catalog.uuid_ne((SELECT public.row_security_user_id()), %1$I)))'
            END, item.key_column);
        FOR attempt IN 1 .. 200 LOOP
            BEGIN
                SET LOCAL lock_timeout = '100ms';
                EXECUTE pg_catalog.format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', item.table_name);
                EXECUTE pg_catalog.format('CREATE POLICY %I ON public.%I %s', item.table_name || '_tenant', item.table_name, definition);
                IF item.table_name = 'deployments' THEN
                    -- A foreign key looks for the project of anybody.
                    CREATE POLICY deployments_tenant_project ON public.deployments AS RESTRICTIVE FOR INSERT
                        WITH CHECK ((SELECT TRUE FROM public.projects p WHERE p.id OPERATOR(pg_catalog.=) project_id));
                END IF;
                EXECUTE pg_catalog.format(
                    'ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', item.table_name);
                EXIT;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
                IF attempt = 200 THEN
                    RAISE;
                END IF;
                PERFORM pg_catalog.pg_sleep(0.1 + 0.4 * pg_catalog.random());
            END;
        END LOOP;
        COMMIT;
    END LOOP;
END
$$;
