-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_health_checks_deployment_id_checked_at_id_idx;
