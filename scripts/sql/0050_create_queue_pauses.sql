-- What a platform steers its queue with: pauses, starts of scheduled deployments, production before previews, and which deployment is live.

-- Who has paused the queue, or the deployments of one project, and since when. The table is empty most of the time: a claim looks into it.
CREATE TABLE queue_pauses (
    -- The id of the project; all zeros for the whole queue.
    id UUID CONSTRAINT queue_pauses_pkey PRIMARY KEY,
    -- NULL for the whole queue.
    project_id UUID CONSTRAINT queue_pauses_project_id_key UNIQUE
        CONSTRAINT queue_pauses_project_id_fkey REFERENCES projects (id) ON DELETE CASCADE,
    paused_by VARCHAR(255) NOT NULL,
    reason TEXT,
    paused_at TIMESTAMP NOT NULL,
    CONSTRAINT queue_pauses_id_check CHECK (id = coalesce(project_id, '00000000-0000-0000-0000-000000000000'::uuid))
);

-- Which deployment is live: the production deployment of each project, and the preview of each branch. No index holds what a success
-- changes, and pages keep room for the new version, so that the row is updated in place.
CREATE TABLE live_deployments (
    project_id UUID NOT NULL CONSTRAINT live_deployments_project_id_fkey REFERENCES projects (id) ON DELETE CASCADE,
    is_production BOOLEAN NOT NULL,
    -- Empty for production, which a project has once.
    branch VARCHAR(100) NOT NULL,
    -- May be deleted by now; then the next success replaces it, whichever it is.
    deployment_id UUID NOT NULL,
    -- created_at of the deployment.
    queued_at TIMESTAMP NOT NULL,
    live_at TIMESTAMP NOT NULL,
    CONSTRAINT live_deployments_pkey PRIMARY KEY (project_id, is_production, branch)
) WITH (fillfactor = 50);

-- As in script 0025, with three differences. Places from 2^62 on are starts of scheduled deployments and no turns. The lower half of a place
-- begins with a bit that is set for previews, so that production comes first within a turn; the other 31 bits are the order of arrival. And
-- production takes the next turn in which no other production of its user waits, also one that a preview of the user has: of the next 16
-- turns, so that the number of looks has a limit.
CREATE OR REPLACE FUNCTION assign_queue_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = off SET enable_incremental_sort = off AS $$
DECLARE
    served bigint;
    latest bigint;
    taken bigint;
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
    WHERE d.started_at IS NOT NULL AND d.queue_place IS NOT NULL AND d.queue_place < 4611686018427387904
    ORDER BY d.queue_place DESC
    LIMIT 1;
    served := coalesce(served, 0);
    SELECT d.queue_place >> 32 INTO latest
    FROM public.deployments d
    WHERE coalesce(d.status::text, '') = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL
      AND (d.user_id, d.queue_place) >= (NEW.user_id, (served + 1) << 32) AND (d.user_id, d.queue_place) < (NEW.user_id, 4611686018427387904)
    ORDER BY d.user_id DESC, d.queue_place DESC
    LIMIT 1;
    IF NEW.is_production AND latest IS NOT NULL THEN
        FOR turn IN served + 1 .. least(served + 16, latest) LOOP
            SELECT d.queue_place INTO taken
            FROM public.deployments d
            WHERE coalesce(d.status::text, '') = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL
              AND (d.user_id, d.queue_place) >= (NEW.user_id, turn::bigint << 32)
              AND (d.user_id, d.queue_place) < (NEW.user_id, (turn::bigint << 32) + 2147483648)
            ORDER BY d.user_id DESC, d.queue_place DESC
            LIMIT 1;
            IF taken IS NULL THEN
                latest := turn - 1;
                EXIT;
            END IF;
        END LOOP;
    END IF;
    NEW.queue_place := ((coalesce(latest, served) + 1) << 32)
        | CASE WHEN NEW.is_production THEN 0 ELSE 2147483648 END
        | ((extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint & 2147483647);
    RETURN NEW;
END
$$;
