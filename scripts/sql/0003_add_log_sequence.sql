-- seq orders the lines of a deployment by commit. A time cannot: a line that commits late with an earlier time would
-- stand before a reader's cursor and never be delivered.

ALTER TABLE deployment_logs ADD COLUMN seq BIGINT;
ALTER TABLE deployment_runtime_logs ADD COLUMN seq BIGINT;

UPDATE deployment_logs l
SET seq = n.seq
FROM (SELECT id, row_number() OVER (PARTITION BY deployment_id ORDER BY timestamp, created_at, id) AS seq FROM deployment_logs) n
WHERE l.id = n.id;

UPDATE deployment_runtime_logs l
SET seq = n.seq
FROM (SELECT id, row_number() OVER (PARTITION BY deployment_id ORDER BY timestamp, id) AS seq FROM deployment_runtime_logs) n
WHERE l.id = n.id;

-- Numbers the lines of writers that know nothing of seq. The lock is the one our own appends take (table oid, hash of the
-- deployment in 1024 buckets) and lasts to the end of the writer's transaction, so that numbers appear in commit order.
CREATE FUNCTION assign_log_seq() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(TG_RELID::int, uuid_hash(NEW.deployment_id) & 1023);
    EXECUTE format('SELECT coalesce(max(seq), 0) + 1 FROM %I.%I WHERE deployment_id = $1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO NEW.seq
        USING NEW.deployment_id;
    RETURN NEW;
END
$$;

CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON deployment_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq();

CREATE TRIGGER deployment_runtime_logs_assign_seq BEFORE INSERT ON deployment_runtime_logs
    FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE FUNCTION assign_log_seq();
