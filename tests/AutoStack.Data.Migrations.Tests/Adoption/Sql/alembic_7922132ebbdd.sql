-- What Alembic's first revision leaves: the ten core tables, no server default, json, names ix_*.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE users (
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
CREATE UNIQUE INDEX ix_users_email ON users (email);

CREATE TABLE github_connections (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    github_username VARCHAR(255),
    github_access_token TEXT NOT NULL,
    github_refresh_token TEXT,
    token_expires_at TIMESTAMP WITHOUT TIME ZONE,
    scope TEXT,
    connected_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id),
    UNIQUE (user_id)
);

CREATE TABLE password_reset_tokens (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    token_hash VARCHAR(255) NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    used_at TIMESTAMP WITHOUT TIME ZONE,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_password_reset_tokens_token_hash ON password_reset_tokens (token_hash);

CREATE TABLE projects (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    name VARCHAR(255) NOT NULL,
    repository VARCHAR(255) NOT NULL,
    branch VARCHAR(100) NOT NULL,
    build_command TEXT NOT NULL,
    output_dir VARCHAR(255) NOT NULL,
    env_vars TEXT,
    github_repo_id VARCHAR(255),
    auto_deploy_enabled BOOLEAN NOT NULL,
    auto_deploy_branch VARCHAR(100),
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);

CREATE TABLE sessions (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    token VARCHAR(255) NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ix_sessions_token ON sessions (token);

CREATE TABLE user_preferences (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    theme VARCHAR(20) NOT NULL,
    email_notifications BOOLEAN NOT NULL,
    deployment_success_notifications BOOLEAN NOT NULL,
    deployment_failure_notifications BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id),
    UNIQUE (user_id)
);

CREATE TABLE deployments (
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
    FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);

CREATE TABLE deployment_logs (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_deployment_logs_deployment_id ON deployment_logs (deployment_id);
CREATE INDEX ix_deployment_logs_timestamp ON deployment_logs (timestamp);

CREATE TABLE deployment_stages (
    id UUID NOT NULL,
    deployment_id UUID NOT NULL,
    stage_name VARCHAR(50) NOT NULL,
    status VARCHAR(50) NOT NULL,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    completed_at TIMESTAMP WITHOUT TIME ZONE,
    error_message TEXT,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE,
    PRIMARY KEY (id)
);
CREATE INDEX ix_deployment_stages_deployment_id ON deployment_stages (deployment_id);

CREATE TABLE webhook_payloads (
    id UUID NOT NULL,
    deployment_id UUID,
    provider VARCHAR(50) NOT NULL,
    payload_json JSON NOT NULL,
    headers JSON NOT NULL,
    received_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE SET NULL,
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('7922132ebbdd');
