-- autostack: variable=period variable=keep
-- The variables are texts like 'week', or 'deployment_logs=month,deployment_health_checks=day': the period of a table; or, when it is not
-- given, the time for which rows are kept: '90d'. A period is then about a quarter of the time, so that a query looks into few partitions.
-- Without both, it is that of the times for which rows are kept by default.
INSERT INTO log_partition_settings (table_name, key_column, time_column, period, ahead)
SELECT t.table_name, t.key_column, t.time_column, p.period, CASE p.period WHEN 'day' THEN 10 WHEN 'week' THEN 3 ELSE 2 END
FROM (
    VALUES
        ('deployment_logs', 'deployment_id', 'timestamp', 'month'),
        ('deployment_runtime_logs', 'id', 'timestamp', 'week'),
        ('deployment_health_checks', 'id', 'checked_at', 'week')
) AS t (table_name, key_column, time_column, usual)
CROSS JOIN (VALUES (current_setting('autostack.period', TRUE), current_setting('autostack.keep', TRUE))) AS v (period, keep)
CROSS JOIN LATERAL (
    VALUES (
        coalesce(substring(v.period FROM '(?:^|,)' || t.table_name || '=([^,]+)'), substring(v.period FROM '(?:^|,)([^,=]+)(?:,|$)')),
        coalesce(
            substring(v.keep FROM '(?:^|,)' || t.table_name || '=([^,]+)'), substring(v.keep FROM '(?:^|,)([^,=]+)(?:,|$)'))::interval)
) AS g (period, keep)
CROSS JOIN LATERAL (
    VALUES (CASE
        WHEN g.period IS NOT NULL THEN g.period
        WHEN g.keep <= INTERVAL '10 days' THEN 'day'
        WHEN g.keep <= INTERVAL '8 weeks' THEN 'week'
        WHEN g.keep IS NOT NULL THEN 'month'
        ELSE t.usual
    END)
) AS p (period);
