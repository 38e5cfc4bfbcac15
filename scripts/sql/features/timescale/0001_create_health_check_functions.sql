-- autostack: requires=core:44 requires-extension=timescaledb excludes=log-partitions
-- Health checks as a hypertable of TimescaleDB: old ones are compressed, summed up by the hour, and dropped a week at a time.
-- The table that is not in use waits in a schema of its own: the hypertable before it is switched on, the plain one afterwards.
CREATE SCHEMA autostack_timescale;

-- What belongs to the table of health checks and would stay behind with it.
CREATE FUNCTION health_check_obstacles() RETURNS TABLE (obstacle text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT 'view ' || r.ev_class::regclass
    FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> d.refobjid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass('public.deployment_health_checks')
        AND d.classid = 'pg_rewrite'::regclass
    UNION ALL
    SELECT o.kind || ' ' || o.name
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT 'partitions of' AS kind, c.relname::text AS name WHERE c.relkind = 'p'
        UNION ALL
        SELECT 'rule', r.rulename FROM pg_rewrite r WHERE r.ev_class = c.oid
        UNION ALL
        SELECT 'policy', p.polname FROM pg_policy p WHERE p.polrelid = c.oid
        UNION ALL
        SELECT 'row security of', c.relname WHERE c.relrowsecurity
        UNION ALL
        SELECT 'publication', p.pubname FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = c.oid
        UNION ALL
        SELECT 'foreign key', k.conname || ' of ' || k.conrelid::regclass FROM pg_constraint k WHERE k.confrelid = c.oid
        UNION ALL
        SELECT 'trigger', t.tgname FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
    ) o
    WHERE c.oid = to_regclass('public.deployment_health_checks')
$$;

-- Gives a table the rights that are granted on another one, which has the same columns.
CREATE FUNCTION copy_health_check_rights(source regclass, target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT a.privilege_type, '' AS column_list, a.grantee, a.is_grantable
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = source AND a.grantee <> c.relowner
        UNION ALL
        SELECT a.privilege_type, format('(%I)', t.attname), a.grantee, a.is_grantable
        FROM pg_attribute t, aclexplode(t.attacl) a
        WHERE t.attrelid = source AND NOT t.attisdropped
    LOOP
        EXECUTE format('GRANT %s %s ON %s TO %s %s', item.privilege_type, item.column_list, target,
            CASE item.grantee WHEN 0 THEN 'PUBLIC' ELSE item.grantee::regrole::text END,
            CASE WHEN item.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$$;

-- Puts the table that waits in the place of the one in use, with the rights on it. The latest checks of what runs are copied in the same
-- transaction, so that monitors find them at any time; the others follow.
CREATE FUNCTION exchange_health_checks() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- deployments is locked first, always: the first check of a week creates a chunk, whose foreign key locks it.
    LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE;
    LOCK TABLE public.deployment_health_checks IN ACCESS EXCLUSIVE MODE;
    PERFORM public.copy_health_check_rights('public.deployment_health_checks', 'autostack_timescale.deployment_health_checks');
    CREATE SCHEMA autostack_exchange;
    ALTER TABLE public.deployment_health_checks SET SCHEMA autostack_exchange;
    ALTER TABLE autostack_timescale.deployment_health_checks SET SCHEMA public;
    ALTER TABLE autostack_exchange.deployment_health_checks SET SCHEMA autostack_timescale;
    DROP SCHEMA autostack_exchange;
    INSERT INTO public.deployment_health_checks
    SELECT l.*
    FROM (
        SELECT DISTINCT c.deployment_id
        FROM public.deployment_containers c
        WHERE c.status::text = 'running' AND c.stopped_at IS NULL
    ) r
    CROSS JOIN LATERAL (
        SELECT h.*
        FROM autostack_timescale.deployment_health_checks h
        WHERE h.deployment_id = r.deployment_id
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT 20
    ) l
    ON CONFLICT DO NOTHING;
END
$$;

-- Drops a table or chunk with a foreign key to deployments, which locks that table. A lock is waited for a tenth of a second at most, and
-- all locks are given back before the next attempt, so that nobody queues for long behind this.
CREATE FUNCTION drop_health_check_table(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    FOR attempt IN 1 .. 200 LOOP
        BEGIN
            LOCK TABLE public.deployments IN ACCESS EXCLUSIVE MODE;
            EXECUTE format('DROP TABLE %s', target);
            RETURN;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = 200 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + 0.4 * random());
        END;
    END LOOP;
END
$$;

-- The checks of a deployment by the hour.
CREATE FUNCTION health_check_hours(of_deployment uuid, first_hour timestamp, end_hour timestamp)
RETURNS TABLE (hour timestamp, checks bigint, live bigint, latency_sum bigint, latency_count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT s.hour, s.checks, s.live, s.latency_sum, s.latency_count
        FROM public.deployment_health_hours s
        WHERE s.deployment_id = of_deployment AND s.hour >= first_hour AND s.hour < end_hour;
END
$$;

-- Drops the chunks whose checks are all older than a moment, with the sums of their hours; returns their number.
CREATE FUNCTION drop_health_check_chunks(before timestamp) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    dropped integer;
BEGIN
    -- Without anything to drop, nothing is locked.
    IF NOT EXISTS (SELECT FROM public.show_chunks('public.deployment_health_checks'::regclass, older_than => before))
        AND NOT EXISTS (SELECT FROM public.show_chunks('public.deployment_health_hours'::regclass, older_than => before))
    THEN
        RETURN 0;
    END IF;
    FOR attempt IN 1 .. 200 LOOP
        BEGIN
            LOCK TABLE public.deployments IN SHARE ROW EXCLUSIVE MODE;
            SELECT count(*) INTO dropped FROM public.drop_chunks('public.deployment_health_checks'::regclass, older_than => before);
            PERFORM public.drop_chunks('public.deployment_health_hours'::regclass, older_than => before);
            RETURN dropped;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            IF attempt = 200 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1 + 0.4 * random());
        END;
    END LOOP;
END
$$;

-- The start of the first chunk that ends after a moment, at the latest that moment.
CREATE FUNCTION health_check_chunk_start(before timestamp) RETURNS timestamp
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN least(before, (
        SELECT min(timezone('UTC', c.range_start))
        FROM timescaledb_information.chunks c
        WHERE c.hypertable_schema = 'public' AND c.hypertable_name = 'deployment_health_checks'
            AND timezone('UTC', c.range_end) > before));
END
$$;

-- The jobs that sum hours up and compress chunks, with the time of the last run that succeeded.
CREATE FUNCTION health_check_jobs() RETURNS TABLE (job text, succeeded_at timestamp)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT j.proc_name::text, timezone('UTC', nullif(s.last_successful_finish, '-infinity'::timestamptz))
        FROM timescaledb_information.jobs j
        LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
        WHERE j.hypertable_schema = 'public' AND j.hypertable_name IN ('deployment_health_checks', 'deployment_health_hours')
        ORDER BY j.job_id;
END
$$;

REVOKE ALL ON FUNCTION
    health_check_hours(uuid, timestamp, timestamp), drop_health_check_chunks(timestamp), health_check_chunk_start(timestamp),
    health_check_jobs()
    FROM PUBLIC;
