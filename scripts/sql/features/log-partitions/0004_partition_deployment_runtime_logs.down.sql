SELECT flatten_log_table('deployment_runtime_logs');
