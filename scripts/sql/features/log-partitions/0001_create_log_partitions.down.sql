-- autostack: allow=drop-table (settings of the feature, and nothing else)
DROP FUNCTION drop_log_partition(text, timestamp);
DROP FUNCTION create_reserved_log_partitions(text);
DROP FUNCTION reserve_log_partitions(text, timestamp);
DROP FUNCTION flatten_log_table(text);
DROP FUNCTION partition_log_table(text);
DROP FUNCTION log_partition_obstacles(text);
DROP FUNCTION copy_log_partition_rights(regclass, regclass);
DROP FUNCTION lock_for_log_partitions(text);
DROP FUNCTION log_partition_bounds(text);
DROP FUNCTION log_partition_time(uuid);
DROP FUNCTION log_partition_floor(timestamp);
DROP TABLE log_partition_settings;
DROP SCHEMA autostack_partitions;
