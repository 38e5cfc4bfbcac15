DROP FUNCTION health_check_jobs();
DROP FUNCTION health_check_chunk_start(timestamp);
DROP FUNCTION drop_health_check_chunks(timestamp);
DROP FUNCTION health_check_hours(uuid, timestamp, timestamp);
DROP FUNCTION drop_health_check_table(regclass);
DROP FUNCTION exchange_health_checks();
DROP FUNCTION copy_health_check_rights(regclass, regclass);
DROP FUNCTION health_check_obstacles();
DROP SCHEMA autostack_timescale;
