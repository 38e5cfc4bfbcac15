-- The ends of the logs whose last lines are gone with a whole period: the next line of such a log takes the number after the end, so that
-- no number is given twice, and the size of the log goes on from there. A deployment has a row only when its last line was removed.
CREATE TABLE deployment_log_ends (
    deployment_id UUID CONSTRAINT deployment_log_ends_pkey PRIMARY KEY
        CONSTRAINT deployment_log_ends_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    -- Of the log of the build; NULL when nothing of it was removed.
    seq BIGINT,
    log_bytes BIGINT,
    -- Of the output of the container; NULL when nothing of it was removed.
    runtime_seq BIGINT
);

-- As in script 0003, with two differences. A partition takes the lock and reads the numbers of its whole table, which is what the library
-- locks. A log without lines continues at its end.
CREATE OR REPLACE FUNCTION assign_log_seq() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    logs pg_catalog.regclass := coalesce(pg_catalog.pg_partition_root(TG_RELID), TG_RELID);
    of_builds boolean := TG_NARGS > 0;
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(NEW.deployment_id, logs::oid::bigint));
    EXECUTE pg_catalog.format(
        'SELECT coalesce(
            (SELECT pg_catalog.max(l.seq) FROM %1$s l WHERE l.deployment_id = $1),
            (SELECT e.%2$I FROM public.deployment_log_ends e WHERE e.deployment_id = $1),
            (SELECT pg_catalog.count(*) FROM %1$s l WHERE l.deployment_id = $1)) + 1',
        logs, CASE WHEN of_builds THEN 'seq' ELSE 'runtime_seq' END)
        INTO NEW.seq
        USING NEW.deployment_id;
    -- Of the log that has a bound.
    IF of_builds THEN
        EXECUTE pg_catalog.format(
            'SELECT coalesce(
                (SELECT l.log_bytes FROM %1$s l WHERE l.deployment_id = $1 AND l.seq = $2 - 1),
                (SELECT e.log_bytes FROM public.deployment_log_ends e WHERE e.deployment_id = $1 AND e.seq = $2 - 1),
                ($2 - 1) * 128) + pg_catalog.octet_length($3) + 128',
            logs)
            INTO NEW.log_bytes
            USING NEW.deployment_id, NEW.seq, NEW.message;
    END IF;
    RETURN NEW;
END
$$;
