-- autostack: requires=core:49 no-transaction
-- The triggers of the tables of core version 49, as in version 2.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT t.name, t.columns
        FROM (
            VALUES
                ('email_verification_tokens', 'id user_id purpose email previous_email expires_at used_at ended_at created_at'),
                ('user_identities', 'id user_id provider provider_id linked_at')
        ) AS t (name, columns)
    LOOP
        PERFORM public.audit_table(item.name, item.columns, 'OLD.* IS DISTINCT FROM NEW.*', FALSE);
        COMMIT;
    END LOOP;
END
$$;
