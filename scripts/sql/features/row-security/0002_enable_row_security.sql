-- autostack: no-transaction
-- A policy for each table that has an owner, table by table, each committed on its own: a lock is waited for a tenth of a second at most,
-- and tried for again, so that nobody queues for long behind a lock that is not granted. A run that was cut off is taken up where it
-- stopped.
-- A comparison is a call of the function, not the operator: with the operator the planner would take the policy for a condition that hardly
-- any row meets, and would read and sort all that a user has for each page. Sub-selects are evaluated once per statement. The deployment
-- that the library names in autostack.deployment_id is proved once; rows of any other are proved one by one.
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
                ('deployment_runtime_logs', 'deployment_id'), ('deployment_log_ends', 'deployment_id'), ('webhook_payloads', 'deployment_id')
        ) AS r (table_name, key_column)
    LOOP
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
                    OR EXISTS (SELECT FROM public.deployments d WHERE d.id OPERATOR(pg_catalog.=) deployment_id)
                ) WITH CHECK (public.row_security_owns(deployment_id))'
            ELSE 'USING (pg_catalog.uuid_eq(%I, (SELECT public.row_security_user_id())))' END, item.key_column);
        FOR attempt IN 1 .. 200 LOOP
            BEGIN
                SET LOCAL lock_timeout = '100ms';
                EXECUTE pg_catalog.format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', item.table_name);
                EXECUTE pg_catalog.format('DROP POLICY IF EXISTS %I ON public.%I', item.table_name || '_tenant', item.table_name);
                EXECUTE pg_catalog.format('CREATE POLICY %I ON public.%I %s', item.table_name || '_tenant', item.table_name, definition);
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
