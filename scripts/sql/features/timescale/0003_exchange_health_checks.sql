-- autostack: lock_timeout=100ms
-- The hypertable takes the place of the plain table.
DO $$
BEGIN
    IF EXISTS (SELECT FROM health_check_obstacles()) THEN
        RAISE 'Partitions, or a view, rule, policy, publication, key or trigger of the table would stay with the plain table'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'List them: SELECT * FROM health_check_obstacles(). Create them anew afterwards.';
    END IF;
    PERFORM exchange_health_checks();
END
$$;
