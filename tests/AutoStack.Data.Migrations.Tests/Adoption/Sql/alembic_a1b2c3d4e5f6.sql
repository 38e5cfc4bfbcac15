-- Alembic's second revision: the runtime of a project, whose default is dropped again, and the three tables of running containers.
ALTER TABLE projects ADD COLUMN runtime VARCHAR(50) DEFAULT 'static' NOT NULL;
ALTER TABLE projects ALTER COLUMN runtime DROP DEFAULT;

CREATE TABLE deployment_containers (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    container_id VARCHAR(255) NOT NULL,
    image VARCHAR(255) NOT NULL,
    host VARCHAR(255) NOT NULL,
    port INTEGER NOT NULL,
    status VARCHAR(50) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    stopped_at TIMESTAMP WITHOUT TIME ZONE,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_deployment_containers_deployment_id ON deployment_containers (deployment_id);

CREATE TABLE deployment_health_checks (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    url TEXT NOT NULL,
    http_status INTEGER,
    latency_ms INTEGER,
    is_live BOOLEAN NOT NULL,
    checked_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_deployment_health_checks_deployment_id ON deployment_health_checks (deployment_id);

CREATE TABLE deployment_runtime_logs (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    source VARCHAR(50) NOT NULL,
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_deployment_runtime_logs_deployment_id ON deployment_runtime_logs (deployment_id);

UPDATE alembic_version SET version_num = 'a1b2c3d4e5f6' WHERE version_num = '7922132ebbdd';
