SELECT gather_log_table('deployment_log_ends');
