-- autostack: no-transaction
-- Table by table, as in the script of the version.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT c.relname AS table_name, p.polname
        FROM pg_catalog.pg_policy p
        JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
        WHERE c.relnamespace = 'public'::regnamespace::oid
          AND p.polname::text IN (c.relname::text || '_tenant', c.relname::text || '_tenant_project')
        ORDER BY c.relname, p.polname
    LOOP
        FOR attempt IN 1 .. 200 LOOP
            BEGIN
                SET LOCAL lock_timeout = '100ms';
                EXECUTE pg_catalog.format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', item.table_name);
                EXECUTE pg_catalog.format(
                    'ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', item.table_name);
                EXECUTE pg_catalog.format('DROP POLICY %I ON public.%I', item.polname, item.table_name);
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
