SELECT gather_log_table('deployment_runtime_logs');
