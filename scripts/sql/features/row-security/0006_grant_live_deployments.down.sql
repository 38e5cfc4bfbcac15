DO $$
DECLARE
    tenant CONSTANT text := CASE
        WHEN current_user::text ~ '_owner$' THEN pg_catalog.regexp_replace(current_user::text, '_owner$', '_tenant')
        ELSE 'autostack_tenant'
    END;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = tenant) THEN
        EXECUTE pg_catalog.format('REVOKE SELECT ON public.live_deployments FROM %I', tenant);
    END IF;
END
$$;
