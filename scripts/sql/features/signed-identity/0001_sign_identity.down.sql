CREATE OR REPLACE FUNCTION row_security_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SECURITY INVOKER AS $$
    SELECT CASE
        WHEN pg_catalog.current_setting('autostack.user_id', TRUE) OPERATOR(pg_catalog.<>) ''::pg_catalog.text
        THEN pg_catalog.current_setting('autostack.user_id', TRUE)::pg_catalog.uuid
    END
$$;
DROP FUNCTION row_security_add_key(text, text);
DROP TABLE autostack_identity.keys;
DROP SCHEMA autostack_identity;
