-- queue_place orders the queue. Users take turns (self-clocked fair queueing): the first waiting deployment of a user belongs to the turn after the one
-- that was started last, each further one to the turn after the one before. The upper 31 bits of a place are its turn, the lower 32 the order of arrival, in
-- milliseconds of the server's clock: no other host's clock decides.

ALTER TABLE deployments ADD COLUMN queue_place BIGINT;

-- Runs for every writer. Transactions that queue for one user at the same moment wait for each other, for at most a quarter of a second, so that each counts
-- what the others queue. Of a user's places only those of turns to come are looked at, since an index keeps an entry for each deployment that was claimed while
-- an old snapshot is held open. Rows are compared and sorts are off, so that no plan made for an empty table reads all deployments of a user.
-- It has the rights of its owner. On a table of a stranger, values may have a type of the stranger, whose casts would then have these rights.
CREATE FUNCTION assign_queue_place() RETURNS trigger
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

REVOKE ALL ON FUNCTION assign_queue_place() FROM PUBLIC;

CREATE TRIGGER deployments_assign_queue_place BEFORE INSERT OR UPDATE OF status ON deployments
    FOR EACH ROW WHEN (NEW.status::text = 'queued' AND NEW.queue_place IS NULL) EXECUTE FUNCTION assign_queue_place();
