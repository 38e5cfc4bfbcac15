-- autostack: variable=tables no-transaction
-- The triggers of what builds and containers write, for the tables that the variable names: 'deployment_stages,deployment_logs'. The rows
-- that a statement inserts are one entry.
DO $$
DECLARE
    item record;
BEGIN
    FOR item IN
        SELECT t.name, t.columns
        FROM (
            VALUES
                ('deployment_stages', 'id deployment_id stage_name status started_at completed_at error_message created_at'),
                ('deployment_logs', 'id deployment_id timestamp log_level message created_at seq log_bytes'),
                ('deployment_runtime_logs', 'id deployment_id source log_level message timestamp seq'),
                ('deployment_health_checks', 'id deployment_id url http_status latency_ms is_live checked_at')
        ) AS t (name, columns)
        WHERE t.name = ANY (pg_catalog.string_to_array(pg_catalog.current_setting('autostack.tables', TRUE), ','))
    LOOP
        PERFORM public.audit_table(item.name, item.columns, 'OLD.* IS DISTINCT FROM NEW.*', TRUE);
        COMMIT;
    END LOOP;
END
$$;
