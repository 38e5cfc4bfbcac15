-- The hypertable, empty and beside the table in use. Its key needs the time, by which chunks are found.
CREATE TABLE autostack_timescale.deployment_health_checks (
    LIKE deployment_health_checks INCLUDING DEFAULTS INCLUDING CONSTRAINTS,
    CONSTRAINT deployment_health_checks_pkey PRIMARY KEY (id, checked_at),
    CONSTRAINT deployment_health_checks_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
SELECT public.create_hypertable(
    'autostack_timescale.deployment_health_checks', public.by_range('checked_at', interval '7 days'), create_default_indexes => FALSE);
CREATE INDEX deployment_health_checks_deployment_id_checked_at_id_idx
    ON autostack_timescale.deployment_health_checks (deployment_id, checked_at, id);
