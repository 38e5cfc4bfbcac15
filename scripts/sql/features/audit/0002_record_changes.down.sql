-- autostack: no-transaction
-- Every trigger that records changes of a table, those of the next version included.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT t.tgrelid::regclass AS of_table, pg_catalog.string_agg(
            pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), '; ') AS statements
        FROM pg_catalog.pg_trigger t
        JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'public'::regnamespace
        WHERE t.tgfoid IN ('public.record_audited_row()'::regprocedure, 'public.record_audited_rows()'::regprocedure)
        GROUP BY t.tgrelid
        ORDER BY c.relname
    LOOP
        PERFORM public.lock_for_audit(item.statements);
        COMMIT;
    END LOOP;
END
$$;
