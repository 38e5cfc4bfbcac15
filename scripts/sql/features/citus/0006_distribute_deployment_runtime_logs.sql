SELECT distribute_log_table('deployment_runtime_logs');
