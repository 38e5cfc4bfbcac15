SELECT gather_log_table('deployment_logs');
