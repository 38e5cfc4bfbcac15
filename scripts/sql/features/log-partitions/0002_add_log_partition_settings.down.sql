-- autostack: no-transaction
-- The settings go with their table, in the script before. This one brings the rows home: the down scripts of the versions after this one
-- have made each partition a child of the plain table. Rows move in batches, each committed on its own, and are seen in one place at any
-- time; a run that was cut off is taken up where it stopped. An id is unique in a partition only: a line whose id another deployment has
-- gets a new one.
DO $$
DECLARE
    flat text;
    partition text;
    columns text[];
    is_left boolean;
BEGIN
    FOR flat, partition, columns IN
        SELECT pg_catalog.format('public.%I', p.relname), pg_catalog.format('%I.%I', n.nspname, c.relname),
            public.log_partition_columns(p.relname::text)
        FROM public.log_partition_settings s
        JOIN pg_catalog.pg_class p ON p.relname::text = s.table_name AND p.relnamespace = 'public'::regnamespace
        JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE NOT c.relispartition AND c.relkind = 'r'
        ORDER BY c.relname
    LOOP
        LOOP
            EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM ONLY %s)', partition) INTO is_left;
            EXIT WHEN NOT is_left;
            EXECUTE pg_catalog.format(
                'WITH gone AS (
                    DELETE FROM ONLY %1$s WHERE ctid = ANY (ARRAY(SELECT ctid FROM ONLY %1$s LIMIT 2000)) RETURNING *
                )
                INSERT INTO %2$s (%3$s)
                SELECT %4$s
                FROM gone g
                LEFT JOIN ONLY %2$s f ON f.id = g.id
                WHERE f.deployment_id IS DISTINCT FROM g.deployment_id',
                partition, flat, pg_catalog.array_to_string(columns, ', '),
                pg_catalog.replace(
                    'g.' || pg_catalog.array_to_string(columns, ', g.'), 'g.id,',
                    'CASE WHEN f.id IS NULL THEN g.id ELSE pg_catalog.gen_random_uuid() END,'));
            COMMIT;
        END LOOP;
        PERFORM public.lock_for_log_partitions(pg_catalog.format(
            'LOCK TABLE public.deployments IN ACCESS EXCLUSIVE MODE; ALTER TABLE %1$s NO INHERIT %2$s; DROP TABLE %1$s', partition, flat));
        COMMIT;
    END LOOP;
END
$$;
