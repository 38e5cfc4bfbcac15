-- The lines of other writers are numbered on the node that stores them, where the table has the name of a shard: deployment_logs_102008.
CREATE OR REPLACE FUNCTION assign_log_seq() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    logs CONSTANT regclass := TG_RELID;
    is_shard CONSTANT boolean := TG_TABLE_NAME ~ '_[0-9]+$';
    of_builds CONSTANT boolean := TG_NARGS > 0;
    ends text := 'public.deployment_log_ends';
BEGIN
    PERFORM pg_advisory_xact_lock(uuid_hash_extended(
        NEW.deployment_id, to_regclass('public.' || regexp_replace(TG_TABLE_NAME, '_[0-9]+$', ''))::oid::bigint));
    IF is_shard THEN
        SELECT coalesce('public.deployment_log_ends_' || s.shardid, ends) INTO ends
        FROM (VALUES (1)) AS v (one)
        LEFT JOIN pg_dist_shard s ON s.logicalrelid = 'public.deployment_log_ends'::regclass;
    END IF;
    EXECUTE format(
        'SELECT coalesce(
            (SELECT pg_catalog.max(l.seq) FROM %1$s l WHERE l.deployment_id = $1),
            (SELECT e.%2$I FROM %3$s e WHERE e.deployment_id = $1),
            (SELECT pg_catalog.count(*) FROM %1$s l WHERE l.deployment_id = $1)) + 1',
        logs, CASE WHEN of_builds THEN 'seq' ELSE 'runtime_seq' END, ends)
        INTO NEW.seq
        USING NEW.deployment_id;
    -- Of the log that has a bound.
    IF of_builds THEN
        EXECUTE format(
            'SELECT coalesce(
                (SELECT l.log_bytes FROM %1$s l WHERE l.deployment_id = $1 AND l.seq = $2 - 1),
                (SELECT e.log_bytes FROM %2$s e WHERE e.deployment_id = $1 AND e.seq = $2 - 1),
                ($2 - 1) * 128) + pg_catalog.octet_length($3) + 128',
            logs, ends)
            INTO NEW.log_bytes
            USING NEW.deployment_id, NEW.seq, NEW.message;
    END IF;
    RETURN NEW;
END
$$;
