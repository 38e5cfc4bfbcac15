SELECT flatten_log_table('deployment_logs');
