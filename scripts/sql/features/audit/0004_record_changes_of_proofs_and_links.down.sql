-- autostack: no-transaction
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT pg_catalog.string_agg(pg_catalog.format('DROP TRIGGER %I ON public.%I', t.tgname, c.relname), '; ') AS statements
        FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace
            AND c.relname::text IN ('email_verification_tokens', 'user_identities')
        WHERE t.tgfoid IN ('public.record_audited_row()'::regprocedure, 'public.record_audited_rows()'::regprocedure)
        GROUP BY c.relname
        ORDER BY c.relname
    LOOP
        PERFORM public.lock_for_audit(item.statements);
        COMMIT;
    END LOOP;
END
$$;
