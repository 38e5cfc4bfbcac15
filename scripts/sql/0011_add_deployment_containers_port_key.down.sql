-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployment_containers_host_port_key;
