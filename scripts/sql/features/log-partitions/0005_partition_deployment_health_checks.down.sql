SELECT flatten_log_table('deployment_health_checks');
