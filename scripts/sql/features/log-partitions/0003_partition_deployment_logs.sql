-- The table becomes a partitioned one: its rows stay where they are, in the default partition.
DO $$
BEGIN
    IF EXISTS (SELECT FROM log_partition_obstacles('deployment_logs')) THEN
        RAISE 'A view, rule, publication, key, child, trigger or computed column of the table would stay with the plain table'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                COLUMN = coalesce((
                    SELECT min(substring(o.obstacle FROM '^(?:identity|generated) column (.*)'))
                    FROM log_partition_obstacles('deployment_logs') o), ''),
                HINT = 'List them: SELECT * FROM log_partition_obstacles(''deployment_logs''). Create them anew afterwards.';
    END IF;
    PERFORM partition_log_table('deployment_logs');
END
$$;
