-- Nothing knows starts any more: what was scheduled takes its turn. This comes before the change of the function, because the earlier one
-- counts the place of a start as a turn.
UPDATE deployments d
SET status = 'queued', queue_place = NULL
WHERE coalesce(d.status::text, '') = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL AND d.queue_place >= 4611686018427387904;

CREATE OR REPLACE FUNCTION assign_queue_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    served bigint;
    latest bigint;
BEGIN
    IF TG_RELID <> 'public.deployments'::regclass THEN
        RAISE 'assign_queue_place is a trigger of public.deployments, and of no other table' USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR attempt IN 1..100 LOOP
        EXIT WHEN pg_catalog.pg_try_advisory_xact_lock('public.deployments'::regclass::oid::int, pg_catalog.uuid_hash(NEW.user_id));
        PERFORM pg_catalog.pg_sleep(0.0025);
    END LOOP;

    SELECT d.queue_place >> 32 INTO served
    FROM public.deployments d
    WHERE d.started_at IS NOT NULL AND d.queue_place IS NOT NULL
    ORDER BY d.queue_place DESC
    LIMIT 1;
    served := coalesce(served, 0);
    SELECT d.queue_place >> 32 INTO latest
    FROM public.deployments d
    WHERE coalesce(d.status::text, '') = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL
      AND (d.user_id, d.queue_place) >= (NEW.user_id, (served + 1) << 32) AND (d.user_id, d.queue_place) <= (NEW.user_id, 9223372036854775807)
    ORDER BY d.user_id DESC, d.queue_place DESC
    LIMIT 1;
    NEW.queue_place := ((coalesce(latest, served) + 1) << 32)
        | ((extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint & 4294967295);
    RETURN NEW;
END
$$;

DROP TABLE live_deployments;
DROP TABLE queue_pauses;
