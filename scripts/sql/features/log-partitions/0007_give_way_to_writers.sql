-- A drop of a partition gives way to writers: it ends without a change as soon as another session waits for it, and its caller repeats it.

-- Fails when another session waits for a lock of this one; another drop of the same partition may wait.
CREATE FUNCTION give_way_for_log_partitions() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_locks l
        WHERE NOT l.granted AND l.locktype <> 'advisory' AND pg_backend_pid() = ANY (pg_blocking_pids(l.pid)))
    THEN
        RAISE 'Another session waits for the partition; nothing was dropped'
            USING ERRCODE = 'lock_not_available', HINT = 'Repeat the call after a pause.';
    END IF;
END
$$;

-- As in script 0001, with one difference: no session waits for long. Every wait of this session for a lock of tables or rows has a limit
-- of a twentieth of a second, the deployments of the partition are read in batches, and between batches and attempts it gives way.
-- The limit for locks is that of the caller again at the end; another drop of the same partition is waited for without a limit.
CREATE OR REPLACE FUNCTION drop_log_partition(partition_name text, before timestamp) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = 0 AS $$
DECLARE
    target regclass;
    settings public.log_partition_settings;
    bounds record;
    next_batch text;
    last_line text;
    steps text[];
    step text;
    batch uuid[];
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
    SET LOCAL lock_timeout = '50ms';

    -- The next deployments of the partition, one index entry each, whatever the number of their rows.
    next_batch := format(
        'WITH RECURSIVE k AS (
            (SELECT m.deployment_id FROM %1$s m WHERE $1 IS NULL OR m.deployment_id > $1 ORDER BY m.deployment_id LIMIT 1)
            UNION ALL
            SELECT n.deployment_id
            FROM k
            CROSS JOIN LATERAL (
                SELECT m.deployment_id FROM %1$s m WHERE m.deployment_id > k.deployment_id ORDER BY m.deployment_id LIMIT 1
            ) n
        )
        SELECT array_agg(b.deployment_id ORDER BY b.deployment_id) FROM (SELECT k.deployment_id FROM k LIMIT 200) b', target);
    last_line := format(
        'CROSS JOIN LATERAL (SELECT l.* FROM %s l WHERE l.deployment_id = k.deployment_id ORDER BY l.seq DESC LIMIT 1) e', target);
    -- The newest row: by the index of the times, or of each deployment by its own.
    IF settings.table_name = 'deployment_logs' THEN
        EXECUTE format('SELECT max(timestamp) >= $1 FROM %s', target) INTO has_young USING before;
        IF has_young THEN
            RETURN FALSE;
        END IF;
        steps := ARRAY[
            'WITH stored AS (
                INSERT INTO public.deployment_log_ends AS o (deployment_id, seq, log_bytes)
                SELECT k.deployment_id, e.seq, e.log_bytes FROM unnest($1) AS k (deployment_id) ' || last_line || '
                ON CONFLICT (deployment_id) DO UPDATE
                SET seq = excluded.seq, log_bytes = excluded.log_bytes
                WHERE o.seq IS NULL OR o.seq < excluded.seq
            )
            SELECT FALSE WHERE $2 IS NOT NULL'];
    ELSE
        steps := ARRAY[format(
            'SELECT EXISTS (
                SELECT
                FROM unnest($1) AS k (deployment_id)
                CROSS JOIN LATERAL (SELECT 1 FROM %s r WHERE r.deployment_id = k.deployment_id AND r.%I >= $2 LIMIT 1) y)',
            target, settings.time_column)];
    END IF;
    IF settings.table_name = 'deployment_runtime_logs' THEN
        -- A young line that is numbered before a line of the partition would be left behind a gap.
        steps := steps || ARRAY[
            'SELECT EXISTS (
                SELECT
                FROM unnest($1) AS k (deployment_id) ' || last_line || '
                JOIN public.deployment_runtime_logs l ON l.deployment_id = k.deployment_id AND l.seq < e.seq
                WHERE l.timestamp >= $2)',
            'WITH stored AS (
                INSERT INTO public.deployment_log_ends AS o (deployment_id, runtime_seq)
                SELECT k.deployment_id, e.seq FROM unnest($1) AS k (deployment_id) ' || last_line || '
                ON CONFLICT (deployment_id) DO UPDATE
                SET runtime_seq = excluded.runtime_seq
                WHERE o.runtime_seq IS NULL OR o.runtime_seq < excluded.runtime_seq
            )
            SELECT FALSE WHERE $2 IS NOT NULL'];
    END IF;
    FOREACH step IN ARRAY steps LOOP
        batch := NULL;
        LOOP
            EXECUTE next_batch INTO batch USING batch[cardinality(batch)];
            EXIT WHEN batch IS NULL;
            EXECUTE step INTO has_young USING batch, before;
            IF has_young THEN
                RETURN FALSE;
            END IF;
            PERFORM public.give_way_for_log_partitions();
        END LOOP;
    END LOOP;

    FOR attempt IN 1 .. 25 LOOP
        BEGIN
            EXECUTE format('LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE; DROP TABLE %s', target);
            RETURN TRUE;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            -- The locks of the attempt are given back; that of the partition is held.
        END;
        FOR look IN 1 .. 2 + (8 * random())::integer LOOP
            PERFORM public.give_way_for_log_partitions();
            PERFORM pg_sleep(0.05);
        END LOOP;
    END LOOP;
    RAISE 'The tables of the partition are in use; nothing was dropped'
        USING ERRCODE = 'lock_not_available', HINT = 'Repeat the call after a pause.';
END
$$;

-- As in script 0001, with one difference: a held partition is read in parts, and between parts the function gives way.
CREATE OR REPLACE FUNCTION log_partition_content(partition_name text, is_held boolean)
RETURNS TABLE (row_count bigint, content text, newest timestamp)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target regclass;
    time_column text;
    total numeric := 0;
    part record;
    looked_at timestamptz := clock_timestamp();
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
    IF NOT is_held THEN
        RETURN QUERY EXECUTE format(
            'SELECT count(*), coalesce(sum(hash_record_extended(l, 0)), 0)::text, max(l.%I) FROM %s l', time_column, target);
        RETURN;
    END IF;
    PERFORM public.lock_for_log_partitions(format('LOCK TABLE %s IN SHARE MODE', target));
    row_count := 0;
    FOR page IN 0 .. pg_relation_size(target) / current_setting('block_size')::bigint - 1 BY 16 LOOP
        EXECUTE format(
            'SELECT count(*) AS row_count, coalesce(sum(hash_record_extended(l, 0)), 0) AS content, max(l.%I) AS newest
            FROM %s l
            WHERE l.ctid >= $1 AND l.ctid < $2', time_column, target)
            INTO part
            USING format('(%s,0)', page)::tid, format('(%s,0)', page + 16)::tid;
        row_count := row_count + part.row_count;
        total := total + part.content;
        newest := greatest(newest, part.newest);
        IF clock_timestamp() > looked_at + INTERVAL '50 ms' THEN
            PERFORM public.give_way_for_log_partitions();
            looked_at := clock_timestamp();
        END IF;
    END LOOP;
    content := total::text;
    RETURN NEXT;
EXCEPTION WHEN undefined_table THEN
    -- Dropped a moment ago.
END
$$;
