-- autostack: no-transaction
-- The checks of a deployment by their time: the latest, those of a window, and the oldest for the purge.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployment_health_checks_deployment_id_checked_at_id_idx
    ON deployment_health_checks (deployment_id, checked_at, id);
