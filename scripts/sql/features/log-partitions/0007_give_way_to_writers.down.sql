-- The first script that is reverted: what keeps a later one from its work is found before anything is changed.
DO $$
DECLARE
    item record;
BEGIN
    SELECT o.kind, o.name, s.table_name INTO item
    FROM public.log_partition_settings s
    CROSS JOIN LATERAL public.flat_log_table_obstacles(s.table_name) o
    ORDER BY s.table_name, o.kind, o.name
    LIMIT 1;
    IF item.kind = 'identity column' THEN
        RAISE 'The plain table would refuse rows, because an identity column would not number them'
            USING ERRCODE = 'object_not_in_prerequisite_state', TABLE = item.table_name, COLUMN = item.name,
                HINT = 'Number it by a default: DROP IDENTITY, and SET DEFAULT nextval of a sequence.';
    ELSIF item.kind IS NOT NULL THEN
        RAISE 'A default partition is missing or has no unique index of its ids, or a table is not a plain partition'
            USING ERRCODE = 'object_not_in_prerequisite_state', TABLE = item.name,
                HINT = 'List them: SELECT * FROM log_partition_settings s, flat_log_table_obstacles(s.table_name).';
    END IF;
END
$$;

-- The functions are those of script 0001 again.
CREATE OR REPLACE FUNCTION log_partition_content(partition_name text, is_held boolean)
RETURNS TABLE (row_count bigint, content text, newest timestamp)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    time_column text;
BEGIN
    IF is_held THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || partition_name, 0));
    END IF;
    target := to_regclass(format('autostack_partitions.%I', partition_name));
    SELECT s.time_column INTO time_column
    FROM pg_inherits i
    JOIN public.log_partition_settings s ON format('public.%I', s.table_name)::regclass = i.inhparent
    WHERE i.inhrelid = target;
    IF time_column IS NULL THEN
        RETURN;
    END IF;
    IF is_held THEN
        PERFORM public.lock_for_log_partitions(format('LOCK TABLE %s IN SHARE MODE', target));
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT count(*), coalesce(sum(hash_record_extended(l, 0)), 0)::text, max(l.%I) FROM %s l', time_column, target);
EXCEPTION WHEN undefined_table THEN
    -- Dropped a moment ago.
END
$$;

CREATE OR REPLACE FUNCTION drop_log_partition(partition_name text, before timestamp) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    settings public.log_partition_settings;
    bounds record;
    found text;
    last_line text;
    has_young boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('autostack_partitions.' || partition_name, 0));
    target := to_regclass(format('autostack_partitions.%I', partition_name));
    SELECT s.* INTO settings
    FROM pg_inherits i
    JOIN public.log_partition_settings s ON format('public.%I', s.table_name)::regclass = i.inhparent
    WHERE i.inhrelid = target;
    IF settings IS NULL THEN
        RETURN FALSE;
    END IF;
    SELECT b.* INTO bounds FROM public.log_partition_bounds(settings.table_name) b WHERE b.partition = target;
    IF bounds IS NULL OR bounds.starts = '-infinity' OR bounds.ends > before THEN
        RETURN FALSE;
    END IF;
    PERFORM public.lock_for_log_partitions(format('LOCK TABLE %s IN SHARE MODE', target));
    -- The deployments of the partition, one index entry each, whatever the number of their rows.
    found := format(
        'WITH RECURSIVE k AS (
            (SELECT m.deployment_id FROM %1$s m ORDER BY m.deployment_id LIMIT 1)
            UNION ALL
            SELECT n.deployment_id
            FROM k
            CROSS JOIN LATERAL (
                SELECT m.deployment_id FROM %1$s m WHERE m.deployment_id > k.deployment_id ORDER BY m.deployment_id LIMIT 1
            ) n
        )', target);
    last_line := format(
        'CROSS JOIN LATERAL (SELECT l.* FROM %s l WHERE l.deployment_id = k.deployment_id ORDER BY l.seq DESC LIMIT 1) e', target);
    -- The newest row: by the index of the times, or of each deployment by its own.
    EXECUTE CASE settings.table_name
        WHEN 'deployment_logs' THEN format('SELECT EXISTS (SELECT FROM %s WHERE timestamp >= $1)', target)
        ELSE found || format(
            ' SELECT EXISTS (
                SELECT FROM k CROSS JOIN LATERAL (SELECT 1 FROM %s r WHERE r.deployment_id = k.deployment_id AND r.%I >= $1 LIMIT 1) y)',
            target, settings.time_column)
    END INTO has_young USING before;
    IF has_young THEN
        RETURN FALSE;
    END IF;
    IF settings.table_name = 'deployment_logs' THEN
        EXECUTE found || ' INSERT INTO public.deployment_log_ends AS o (deployment_id, seq, log_bytes)
            SELECT k.deployment_id, e.seq, e.log_bytes FROM k ' || last_line || '
            ON CONFLICT (deployment_id) DO UPDATE
            SET seq = excluded.seq, log_bytes = excluded.log_bytes
            WHERE o.seq IS NULL OR o.seq < excluded.seq';
    ELSIF settings.table_name = 'deployment_runtime_logs' THEN
        -- A young line that is numbered before a line of the partition would be left behind a gap.
        EXECUTE found || ' SELECT EXISTS (
            SELECT FROM k ' || last_line || '
            JOIN public.deployment_runtime_logs l ON l.deployment_id = k.deployment_id AND l.seq < e.seq
            WHERE l.timestamp >= $1)' INTO has_young USING before;
        IF has_young THEN
            RETURN FALSE;
        END IF;
        EXECUTE found || ' INSERT INTO public.deployment_log_ends AS o (deployment_id, runtime_seq)
            SELECT k.deployment_id, e.seq FROM k ' || last_line || '
            ON CONFLICT (deployment_id) DO UPDATE
            SET runtime_seq = excluded.runtime_seq
            WHERE o.runtime_seq IS NULL OR o.runtime_seq < excluded.runtime_seq';
    END IF;
    PERFORM public.lock_for_log_partitions(format(
        'LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE; DROP TABLE %s', target));
    RETURN TRUE;
END
$$;

DROP FUNCTION give_way_for_log_partitions();
