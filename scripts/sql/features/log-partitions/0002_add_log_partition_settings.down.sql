-- autostack: no-transaction
-- The settings go with their table, in the script before. This one brings the rows home: the down scripts of the versions after this one
-- have made each partition a child of the plain table. Rows move in batches, each committed on its own, and are seen in one place at any
-- time; a run that was cut off is taken up where it stopped.
DO $$
DECLARE
    flat text;
    partition text;
    is_left boolean;
BEGIN
    FOR flat, partition IN
        SELECT pg_catalog.format('public.%I', p.relname), pg_catalog.format('autostack_partitions.%I', c.relname)
        FROM pg_catalog.pg_inherits i
        JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        WHERE c.relnamespace = 'autostack_partitions'::regnamespace AND NOT c.relispartition AND c.relkind = 'r'
        ORDER BY c.relname
    LOOP
        LOOP
            EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %s)', partition) INTO is_left;
            EXIT WHEN NOT is_left;
            EXECUTE pg_catalog.format(
                'WITH gone AS (
                    DELETE FROM ONLY %1$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM ONLY %1$s LIMIT 2000)) RETURNING *
                )
                INSERT INTO %2$s SELECT * FROM gone ON CONFLICT (id) DO NOTHING', partition, flat);
            COMMIT;
        END LOOP;
        PERFORM public.lock_for_log_partitions(pg_catalog.format(
            'LOCK TABLE public.deployments IN ACCESS EXCLUSIVE MODE; ALTER TABLE %1$s NO INHERIT %2$s; DROP TABLE %1$s', partition, flat));
        COMMIT;
    END LOOP;
END
$$;
