-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_stages_deployment_id_stage_name_key;
