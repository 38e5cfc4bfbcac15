-- autostack: no-transaction
-- One container per port of a host for as long as it is not stopped.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS deployment_containers_host_port_key
    ON deployment_containers (host, port) WHERE stopped_at IS NULL;
