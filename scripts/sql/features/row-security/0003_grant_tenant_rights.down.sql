-- The role stays: other databases of the server may use it.
DO $$
DECLARE
    tenant CONSTANT text := CASE
        WHEN current_user::text ~ '_owner$' THEN pg_catalog.regexp_replace(current_user::text, '_owner$', '_tenant')
        ELSE 'autostack_tenant'
    END;
    item record;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = tenant) THEN
        FOR item IN
            SELECT c.relname AS table_name
            FROM pg_catalog.pg_class c
            WHERE c.relnamespace = 'public'::regnamespace::oid AND c.relkind::text IN ('r', 'p')
        LOOP
            EXECUTE pg_catalog.format('REVOKE ALL ON public.%I FROM %I', item.table_name, tenant);
        END LOOP;
        EXECUTE pg_catalog.format('REVOKE ALL ON SCHEMA public FROM %I', tenant);
    END IF;
END
$$;
