-- autostack: no-transaction
-- The first partitions. Each default partition is read as a whole, while everybody goes on to use it; a run that was cut off is taken up
-- where it stopped.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT s.table_name FROM public.log_partition_settings s ORDER BY s.table_name LOOP
        PERFORM public.reserve_log_partitions(name, pg_catalog.timezone('UTC', pg_catalog.statement_timestamp()));
        COMMIT;
        PERFORM public.create_reserved_log_partitions(name);
        COMMIT;
    END LOOP;
END
$$;
