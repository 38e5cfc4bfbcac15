DROP TRIGGER deployments_keep_truncated_ids ON deployments;
DROP TRIGGER deployments_keep_deleted_ids ON deployments;
DROP TRIGGER deployments_keep_inserted_ids ON deployments;
DROP TABLE deployment_ids;
