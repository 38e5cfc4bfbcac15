-- The three tables of running containers: the container itself, its health checks and its output.

CREATE TABLE deployment_containers (
    id UUID CONSTRAINT deployment_containers_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID NOT NULL CONSTRAINT deployment_containers_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    container_id VARCHAR(255) NOT NULL,
    image VARCHAR(255) NOT NULL,
    host VARCHAR(255) DEFAULT 'localhost' NOT NULL,
    port INTEGER NOT NULL,
    status VARCHAR(50) DEFAULT 'starting' NOT NULL,
    created_at TIMESTAMP DEFAULT pg_catalog.now(),
    stopped_at TIMESTAMP
);

CREATE INDEX idx_deployment_containers_deployment_id ON deployment_containers (deployment_id);
CREATE INDEX idx_deployment_containers_status ON deployment_containers (status);

CREATE TABLE deployment_health_checks (
    id UUID CONSTRAINT deployment_health_checks_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID NOT NULL CONSTRAINT deployment_health_checks_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    http_status INTEGER,
    latency_ms INTEGER,
    is_live BOOLEAN DEFAULT FALSE NOT NULL,
    checked_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_deployment_health_checks_deployment_id ON deployment_health_checks (deployment_id);

CREATE TABLE deployment_runtime_logs (
    id UUID CONSTRAINT deployment_runtime_logs_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID NOT NULL CONSTRAINT deployment_runtime_logs_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    source VARCHAR(50) DEFAULT 'docker' NOT NULL,
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    timestamp TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_deployment_runtime_logs_deployment_id ON deployment_runtime_logs (deployment_id);
