-- autostack: no-transaction
-- One deployment at a time, each committed on its own: readers and writers of all others go on, and a run that was cut off is
-- taken up where it stopped.
DO $$
DECLARE
    deployment uuid;
BEGIN
    FOR deployment IN SELECT d.id FROM deployments d LOOP
        PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(deployment, 'deployment_logs'::regclass::oid::bigint));
        UPDATE deployment_logs l
        SET seq = n.seq
        FROM (
            SELECT o.id, pg_catalog.row_number() OVER (ORDER BY o.timestamp, o.created_at, o.id) AS seq
            FROM deployment_logs o
            WHERE o.deployment_id = deployment AND o.seq IS NULL
        ) n
        WHERE l.id = n.id;

        PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(deployment, 'deployment_runtime_logs'::regclass::oid::bigint));
        UPDATE deployment_runtime_logs l
        SET seq = n.seq
        FROM (
            SELECT o.id, pg_catalog.row_number() OVER (ORDER BY o.timestamp, o.id) AS seq
            FROM deployment_runtime_logs o
            WHERE o.deployment_id = deployment AND o.seq IS NULL
        ) n
        WHERE l.id = n.id;
        COMMIT;
    END LOOP;
END
$$;
