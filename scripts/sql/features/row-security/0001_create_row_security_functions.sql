-- autostack: requires=core:48 excludes=timescale
-- Row security: what runs as the tenant role reaches the rows of one user only, whatever its statements say.
-- The user whose rows the transaction may reach; NULL for nobody.
CREATE FUNCTION row_security_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN pg_catalog.current_setting('autostack.user_id', TRUE) OPERATOR(pg_catalog.<>) ''::pg_catalog.text
        THEN pg_catalog.current_setting('autostack.user_id', TRUE)::pg_catalog.uuid
    END
$$;

-- Whether a deployment is visible, also when the statement itself has inserted it: a volatile function sees the changes of its statement.
CREATE FUNCTION row_security_owns(of_deployment uuid) RETURNS boolean
LANGUAGE sql VOLATILE COST 1 SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.deployments d WHERE d.id = of_deployment)
$$;

-- The owner of the tables is subject to the policies, too, unless it bypasses row security; and so would be the functions that run with its
-- rights, and later scripts.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)) THEN
        RAISE 'The owner of the tables does not bypass row security, and would see no row of them'
            USING ERRCODE = 'insufficient_privilege',
                HINT = 'Run scripts/roles.sql with autostack.row_security = on, or as a superuser: ALTER ROLE … BYPASSRLS.';
    END IF;
END
$$;
