SELECT gather_log_table('deployment_health_checks');
