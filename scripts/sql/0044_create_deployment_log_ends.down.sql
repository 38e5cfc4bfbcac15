CREATE OR REPLACE FUNCTION assign_log_seq() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(NEW.deployment_id, TG_RELID::bigint));
    EXECUTE pg_catalog.format(
        'SELECT coalesce(
            (SELECT pg_catalog.max(l.seq) FROM %1$I.%2$I l WHERE l.deployment_id = $1),
            (SELECT pg_catalog.count(*) FROM %1$I.%2$I l WHERE l.deployment_id = $1)) + 1',
        TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO NEW.seq
        USING NEW.deployment_id;
    -- Of the log that has a bound.
    IF TG_NARGS > 0 THEN
        EXECUTE pg_catalog.format(
            'SELECT coalesce((SELECT l.log_bytes FROM %1$I.%2$I l WHERE l.deployment_id = $1 AND l.seq = $2 - 1), ($2 - 1) * 128)
                + pg_catalog.octet_length($3) + 128',
            TG_TABLE_SCHEMA, TG_TABLE_NAME)
            INTO NEW.log_bytes
            USING NEW.deployment_id, NEW.seq, NEW.message;
    END IF;
    RETURN NEW;
END
$$;
DROP TABLE deployment_log_ends;
