-- autostack: requires=core:50
-- A rollback reads which deployment of its owner's project is live, as the tenant role.
DO $$
DECLARE
    tenant CONSTANT text := CASE
        WHEN current_user::text ~ '_owner$' THEN pg_catalog.regexp_replace(current_user::text, '_owner$', '_tenant')
        ELSE 'autostack_tenant'
    END;
BEGIN
    EXECUTE pg_catalog.format('GRANT SELECT ON public.live_deployments TO %I', tenant);
END
$$;
