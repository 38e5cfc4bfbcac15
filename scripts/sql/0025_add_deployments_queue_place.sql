-- queue_place orders the queue. Users take turns (self-clocked fair queueing): the first waiting deployment of a user belongs to the turn after the one
-- that was served last, each further one to the turn after the one before. The upper 31 bits of a place are its turn, the lower 32 the order of arrival:
-- no host's clock decides.

ALTER TABLE deployments ADD COLUMN queue_place BIGINT;

-- The turn that was served last, and the number of arrivals. A sequence has no dead versions, however long a snapshot is held open.
CREATE SEQUENCE deployments_queue_turn_seq MINVALUE 0 MAXVALUE 2147483647 START 0 OWNED BY deployments.queue_place;
CREATE SEQUENCE deployments_queue_arrival_seq MINVALUE 0 MAXVALUE 4294967295 START 0 CYCLE OWNED BY deployments.queue_place;

-- Runs for every writer, also for one without a right on the sequences. Transactions that queue for one user at the same moment wait for each other, for at
-- most a quarter of a second, so that each counts what the others queue. Turns that were served are left out, or each insert would walk over the dead
-- index entries of what was claimed. ORDER BY instead of max(), which a plan made for an empty table answers from the index of all deployments.
CREATE FUNCTION assign_queue_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    served bigint;
    latest bigint;
BEGIN
    FOR attempt IN 1..100 LOOP
        EXIT WHEN pg_catalog.pg_try_advisory_xact_lock('public.deployments'::regclass::oid::int, pg_catalog.uuid_hash(NEW.user_id));
        PERFORM pg_catalog.pg_sleep(0.0025);
    END LOOP;

    SELECT s.last_value INTO served FROM public.deployments_queue_turn_seq s;
    SELECT d.queue_place INTO latest
    FROM public.deployments d
    WHERE d.user_id = NEW.user_id AND d.status::text = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL
      AND d.queue_place >= (served + 1) << 32
    ORDER BY d.user_id DESC, d.queue_place DESC
    LIMIT 1;
    NEW.queue_place := (coalesce(latest >> 32, served) + 1) << 32 | pg_catalog.nextval('public.deployments_queue_arrival_seq'::regclass);
    RETURN NEW;
END
$$;

CREATE TRIGGER deployments_assign_queue_place BEFORE INSERT OR UPDATE OF status ON deployments
    FOR EACH ROW WHEN (NEW.status::text = 'queued' AND NEW.queue_place IS NULL) EXECUTE FUNCTION assign_queue_place();

-- A deployment that starts has had its user's turn, whichever program starts it. Two starts at the same moment may set the turn back by one; the next start
-- corrects that.
CREATE FUNCTION serve_queue_turn() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.queue_place >> 32 > (SELECT s.last_value FROM public.deployments_queue_turn_seq s) THEN
        PERFORM pg_catalog.setval('public.deployments_queue_turn_seq'::regclass, OLD.queue_place >> 32);
    END IF;

    RETURN NULL;
END
$$;

CREATE TRIGGER deployments_serve_queue_turn AFTER UPDATE OF started_at ON deployments
    FOR EACH ROW WHEN (OLD.status::text = 'queued' AND OLD.started_at IS NULL AND NEW.started_at IS NOT NULL) EXECUTE FUNCTION serve_queue_turn();
