-- The plain table is empty by now, and gives its disk space back.
DO $$
BEGIN
    LOCK TABLE autostack_timescale.deployment_health_checks IN ACCESS EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT FROM autostack_timescale.deployment_health_checks) THEN
        TRUNCATE autostack_timescale.deployment_health_checks;
    END IF;
END
$$;

-- The checks of each deployment by the hour. Hours that are not summed up yet are counted when they are read.
CREATE MATERIALIZED VIEW deployment_health_hours WITH (
    timescaledb.continuous, timescaledb.materialized_only = FALSE, timescaledb.chunk_interval = '7 days'
) AS
SELECT h.deployment_id, public.time_bucket(interval '1 hour', h.checked_at) AS hour,
    pg_catalog.count(*) AS checks, pg_catalog.count(*) FILTER (WHERE h.is_live) AS live,
    pg_catalog.sum(h.latency_ms) AS latency_sum, pg_catalog.count(h.latency_ms) AS latency_count
FROM deployment_health_checks h
GROUP BY h.deployment_id, 2
WITH NO DATA;
SELECT public.add_continuous_aggregate_policy(
    'deployment_health_hours', start_offset => NULL, end_offset => interval '1 hour', schedule_interval => interval '30 minutes');
ALTER TABLE deployment_health_checks SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'deployment_id', timescaledb.compress_orderby = 'checked_at DESC, id DESC');
SELECT public.add_compression_policy('deployment_health_checks', compress_after => interval '7 days');
