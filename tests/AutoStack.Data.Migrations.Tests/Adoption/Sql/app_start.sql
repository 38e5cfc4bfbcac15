-- A start of the service: create_all makes the tables that are missing, with their indexes, and no column of a table that is there; then one
-- column is added by hand.
CREATE TABLE IF NOT EXISTS users (
    id UUID NOT NULL,
    name VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL,
    password_hash VARCHAR(255),
    avatar_url TEXT,
    github_id VARCHAR(255),
    google_id VARCHAR(255),
    email_verified BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (github_id),
    UNIQUE (google_id)
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_users_email ON users (email);

CREATE TABLE IF NOT EXISTS projects (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    name VARCHAR(255) NOT NULL,
    repository VARCHAR(255) NOT NULL,
    branch VARCHAR(100) NOT NULL,
    build_command TEXT NOT NULL,
    output_dir VARCHAR(255) NOT NULL,
    env_vars TEXT,
    github_repo_id VARCHAR(255),
    runtime VARCHAR(50) NOT NULL,
    auto_deploy_enabled BOOLEAN NOT NULL,
    auto_deploy_branch VARCHAR(100),
    jenkins_job_name VARCHAR(255),
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS user_preferences (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    theme VARCHAR(20) NOT NULL,
    email_notifications BOOLEAN NOT NULL,
    deployment_success_notifications BOOLEAN NOT NULL,
    deployment_failure_notifications BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS github_connections (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    github_username VARCHAR(255),
    github_access_token TEXT NOT NULL,
    github_refresh_token TEXT,
    token_expires_at TIMESTAMP WITHOUT TIME ZONE,
    scope TEXT,
    connected_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS sessions (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    token VARCHAR(255) NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX IF NOT EXISTS ix_sessions_token ON sessions (token);

CREATE TABLE IF NOT EXISTS password_reset_tokens (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    token_hash VARCHAR(255) NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    used_at TIMESTAMP WITHOUT TIME ZONE,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_password_reset_tokens_token_hash ON password_reset_tokens (token_hash);

CREATE TABLE IF NOT EXISTS deployments (
    id UUID NOT NULL,
    project_id UUID NOT NULL,
    user_id UUID NOT NULL,
    status VARCHAR(50) NOT NULL,
    branch VARCHAR(100),
    commit_hash VARCHAR(40),
    commit_message TEXT,
    author VARCHAR(255),
    commit_timestamp TIMESTAMP WITHOUT TIME ZONE,
    creator_type VARCHAR(20) NOT NULL,
    is_production BOOLEAN NOT NULL,
    env_vars TEXT,
    build_duration_seconds INTEGER,
    failed_reason TEXT,
    deployed_url TEXT,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    completed_at TIMESTAMP WITHOUT TIME ZONE,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    is_deleted BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS deployment_logs (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deployment_logs_deployment_id ON deployment_logs (deployment_id);
CREATE INDEX IF NOT EXISTS ix_deployment_logs_timestamp ON deployment_logs (timestamp);

CREATE TABLE IF NOT EXISTS deployment_stages (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    stage_name VARCHAR(50) NOT NULL,
    status VARCHAR(50) NOT NULL,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    completed_at TIMESTAMP WITHOUT TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deployment_stages_deployment_id ON deployment_stages (deployment_id);

CREATE TABLE IF NOT EXISTS deployment_containers (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    container_id VARCHAR(255) NOT NULL,
    image VARCHAR(255) NOT NULL,
    host VARCHAR(255) NOT NULL,
    port INTEGER NOT NULL,
    status VARCHAR(50) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    stopped_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deployment_containers_deployment_id ON deployment_containers (deployment_id);

CREATE TABLE IF NOT EXISTS deployment_health_checks (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    url TEXT NOT NULL,
    http_status INTEGER,
    latency_ms INTEGER,
    is_live BOOLEAN NOT NULL,
    checked_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deployment_health_checks_deployment_id ON deployment_health_checks (deployment_id);

CREATE TABLE IF NOT EXISTS deployment_runtime_logs (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    source VARCHAR(50) NOT NULL,
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS ix_deployment_runtime_logs_deployment_id ON deployment_runtime_logs (deployment_id);

CREATE TABLE IF NOT EXISTS webhook_payloads (
    id UUID NOT NULL,
    deployment_id UUID,
    provider VARCHAR(50) NOT NULL,
    payload_json JSON NOT NULL,
    headers JSON NOT NULL,
    received_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(deployment_id) REFERENCES deployments (id) ON DELETE SET NULL
);

ALTER TABLE projects ADD COLUMN IF NOT EXISTS jenkins_job_name VARCHAR(255);
