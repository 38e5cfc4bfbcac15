-- A period is about a quarter of the time for which rows are kept by default: a query looks into few partitions.
INSERT INTO log_partition_settings (table_name, key_column, time_column, period, ahead)
VALUES
    ('deployment_logs', 'deployment_id', 'timestamp', 'month', 2),
    ('deployment_runtime_logs', 'id', 'timestamp', 'week', 3),
    ('deployment_health_checks', 'id', 'checked_at', 'week', 3);
