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
