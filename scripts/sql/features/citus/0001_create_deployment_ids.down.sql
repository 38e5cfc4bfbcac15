DROP FUNCTION gather_log_table(text);
DROP FUNCTION distribute_log_table(text);
DROP TRIGGER deployments_keep_truncated_ids ON deployments;
DROP TRIGGER deployments_keep_deleted_ids ON deployments;
DROP TRIGGER deployments_keep_inserted_ids ON deployments;
DROP FUNCTION keep_deployment_ids();
DROP TABLE deployment_ids;
