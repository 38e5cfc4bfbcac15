SELECT public.remove_compression_policy('deployment_health_checks');
DROP MATERIALIZED VIEW deployment_health_hours;
