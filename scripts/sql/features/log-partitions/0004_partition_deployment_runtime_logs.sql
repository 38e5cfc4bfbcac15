-- The table becomes a partitioned one: its rows stay where they are, in the default partition.
SELECT partition_log_table('deployment_runtime_logs');
