-- seq orders the lines of a deployment by commit. A time cannot: a line that commits late with an earlier time would
-- stand before a reader's cursor and never be delivered.
ALTER TABLE deployment_runtime_logs ADD COLUMN seq BIGINT;

-- log_bytes is the size of the log up to its line, 128 bytes a line beside the text: what the bound of a log is compared with,
-- whoever writes. The last line of each append has it; the others hold NULL, which takes no room.
ALTER TABLE deployment_logs ADD COLUMN seq BIGINT, ADD COLUMN log_bytes BIGINT;

-- Number the lines of writers that know nothing of seq. The lock is the one our own appends take (hash of the deployment, seeded with the
-- oid of the table) and lasts to the end of the writer's transaction, so that numbers appear in commit order.
-- Lines that are older than this script keep 1, 2, 3, … free for themselves, until the next script has numbered them.
CREATE FUNCTION assign_log_seq() RETURNS trigger
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

CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON deployment_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq('log_bytes');

CREATE TRIGGER deployment_runtime_logs_assign_seq BEFORE INSERT ON deployment_runtime_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq();
