DROP TRIGGER deployment_runtime_logs_assign_seq ON deployment_runtime_logs;
DROP TRIGGER deployment_logs_assign_seq ON deployment_logs;
DROP FUNCTION assign_log_seq();
ALTER TABLE deployment_runtime_logs DROP COLUMN seq;
ALTER TABLE deployment_logs DROP COLUMN log_bytes, DROP COLUMN seq;
