DROP FUNCTION gather_log_table(text);
DROP FUNCTION distribute_log_table(text);
DROP FUNCTION keep_deployment_ids();
