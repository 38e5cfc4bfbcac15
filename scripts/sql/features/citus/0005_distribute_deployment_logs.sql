SELECT distribute_log_table('deployment_logs');
