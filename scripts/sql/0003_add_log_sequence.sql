-- seq orders the lines of a deployment by commit. A time cannot: a line that commits late with an earlier time would
-- stand before a reader's cursor and never be delivered.

ALTER TABLE deployment_runtime_logs ADD COLUMN seq BIGINT;
ALTER TABLE deployment_logs ADD COLUMN seq BIGINT;

-- Numbers the lines of writers that know nothing of seq. The lock is the one our own appends take (table oid, hash of the
-- deployment in 1024 buckets) and lasts to the end of the writer's transaction, so that numbers appear in commit order.
-- Lines that are older than this script keep 1, 2, 3, … free for themselves, until the next script has numbered them.
CREATE FUNCTION assign_log_seq() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::int, uuid_hash(NEW.deployment_id) & 1023);
    EXECUTE format(
        'SELECT coalesce((SELECT max(seq) FROM %1$I.%2$I WHERE deployment_id = $1), (SELECT count(*) FROM %1$I.%2$I WHERE deployment_id = $1)) + 1',
        TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO NEW.seq
        USING NEW.deployment_id;
    RETURN NEW;
END
$$;

CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON deployment_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq();

CREATE TRIGGER deployment_runtime_logs_assign_seq BEFORE INSERT ON deployment_runtime_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq();
