-- The tables of create_all when the models had no runtime, creator_type and is_deleted yet.
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
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
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
    is_production BOOLEAN NOT NULL,
    env_vars TEXT,
    build_duration_seconds INTEGER,
    failed_reason TEXT,
    deployed_url TEXT,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    completed_at TIMESTAMP WITHOUT TIME ZONE,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE,
    FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
