-- The ten core tables with their documented columns, keys and indexes.

-- Ids have a server-side default. The mark lets the down script tell an extension made here from one that was there before.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'uuid-ossp') THEN
        CREATE EXTENSION "uuid-ossp" WITH SCHEMA public;
        COMMENT ON EXTENSION "uuid-ossp" IS 'generate universally unique identifiers (UUIDs); created by 0001_initial_schema';
    ELSIF pg_catalog.to_regprocedure('uuid_generate_v4()') IS NULL THEN
        RAISE 'The extension uuid-ossp is in a schema that is not on the search path'
            USING ERRCODE = 'undefined_function', HINT = 'ALTER EXTENSION "uuid-ossp" SET SCHEMA public;';
    ELSIF NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'uuid-ossp'
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass::oid AND d.objid = pg_catalog.to_regprocedure('uuid_generate_v4()')::oid AND d.deptype = 'e'
    ) THEN
        -- The default of every id would run it.
        RAISE 'The function uuid_generate_v4() that the search path finds first is not the one of the extension uuid-ossp'
            USING ERRCODE = 'duplicate_function', HINT = 'DROP FUNCTION public.uuid_generate_v4();';
    END IF;
END
$$;

CREATE TABLE users (
    id UUID CONSTRAINT users_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    name VARCHAR(255) NOT NULL,
    email VARCHAR(255) CONSTRAINT users_email_key UNIQUE NOT NULL,
    password_hash VARCHAR(255),
    avatar_url TEXT,
    github_id VARCHAR(255) CONSTRAINT users_github_id_key UNIQUE,
    google_id VARCHAR(255) CONSTRAINT users_google_id_key UNIQUE,
    email_verified BOOLEAN DEFAULT FALSE NOT NULL,
    created_at TIMESTAMP DEFAULT pg_catalog.now(),
    updated_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_github_id ON users (github_id);
CREATE INDEX idx_users_google_id ON users (google_id);

CREATE TABLE projects (
    id UUID CONSTRAINT projects_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id UUID NOT NULL CONSTRAINT projects_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) NOT NULL,
    repository VARCHAR(255) NOT NULL,
    branch VARCHAR(100) DEFAULT 'main' NOT NULL,
    build_command TEXT DEFAULT 'npm run build' NOT NULL,
    output_dir VARCHAR(255) DEFAULT 'dist' NOT NULL,
    env_vars TEXT,
    github_repo_id VARCHAR(255),
    runtime VARCHAR(50) DEFAULT 'static' NOT NULL,
    auto_deploy_enabled BOOLEAN DEFAULT FALSE NOT NULL,
    auto_deploy_branch VARCHAR(100),
    jenkins_job_name VARCHAR(255),
    created_at TIMESTAMP DEFAULT pg_catalog.now(),
    updated_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_projects_user_id ON projects (user_id);

CREATE TABLE deployments (
    id UUID CONSTRAINT deployments_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    project_id UUID NOT NULL CONSTRAINT deployments_project_id_fkey REFERENCES projects (id) ON DELETE CASCADE,
    user_id UUID NOT NULL CONSTRAINT deployments_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    status VARCHAR(50) DEFAULT 'queued',
    branch VARCHAR(100),
    commit_hash VARCHAR(40),
    commit_message TEXT,
    author VARCHAR(255),
    commit_timestamp TIMESTAMP,
    creator_type VARCHAR(20) DEFAULT 'manual' NOT NULL,
    is_production BOOLEAN DEFAULT FALSE NOT NULL,
    env_vars TEXT,
    build_duration_seconds INTEGER,
    failed_reason TEXT,
    deployed_url TEXT,
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT pg_catalog.now(),
    is_deleted BOOLEAN DEFAULT FALSE NOT NULL
);

CREATE INDEX idx_deployments_project_id ON deployments (project_id);
CREATE INDEX idx_deployments_user_id ON deployments (user_id);
CREATE INDEX idx_deployments_status ON deployments (status);
CREATE INDEX idx_deployments_created_at ON deployments (created_at DESC);

CREATE TABLE deployment_logs (
    id UUID CONSTRAINT deployment_logs_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID NOT NULL CONSTRAINT deployment_logs_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    timestamp TIMESTAMP DEFAULT pg_catalog.now(),
    log_level VARCHAR(20),
    message TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_deployment_logs_deployment_id ON deployment_logs (deployment_id);
CREATE INDEX idx_deployment_logs_timestamp ON deployment_logs (timestamp);

CREATE TABLE deployment_stages (
    id UUID CONSTRAINT deployment_stages_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID NOT NULL CONSTRAINT deployment_stages_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    stage_name VARCHAR(50) NOT NULL,
    status VARCHAR(50) DEFAULT 'pending',
    started_at TIMESTAMP,
    completed_at TIMESTAMP,
    error_message TEXT,
    created_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_deployment_stages_deployment_id ON deployment_stages (deployment_id);

CREATE TABLE user_preferences (
    id UUID CONSTRAINT user_preferences_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id UUID CONSTRAINT user_preferences_user_id_key UNIQUE NOT NULL
        CONSTRAINT user_preferences_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    theme VARCHAR(20) DEFAULT 'system',
    email_notifications BOOLEAN DEFAULT TRUE,
    deployment_success_notifications BOOLEAN DEFAULT TRUE,
    deployment_failure_notifications BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT pg_catalog.now(),
    updated_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE TABLE github_connections (
    id UUID CONSTRAINT github_connections_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id UUID CONSTRAINT github_connections_user_id_key UNIQUE NOT NULL
        CONSTRAINT github_connections_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    github_username VARCHAR(255),
    github_access_token TEXT NOT NULL,
    github_refresh_token TEXT,
    token_expires_at TIMESTAMP,
    scope TEXT,
    connected_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE TABLE sessions (
    id UUID CONSTRAINT sessions_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id UUID NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    token VARCHAR(255) CONSTRAINT sessions_token_key UNIQUE NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_sessions_token ON sessions (token);
CREATE INDEX idx_sessions_user_id ON sessions (user_id);

CREATE TABLE password_reset_tokens (
    id UUID CONSTRAINT password_reset_tokens_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id UUID NOT NULL CONSTRAINT password_reset_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    token_hash VARCHAR(255) NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    created_at TIMESTAMP DEFAULT pg_catalog.now()
);

CREATE INDEX idx_password_reset_tokens_token_hash ON password_reset_tokens (token_hash);

CREATE TABLE webhook_payloads (
    id UUID CONSTRAINT webhook_payloads_pkey PRIMARY KEY DEFAULT uuid_generate_v4(),
    deployment_id UUID CONSTRAINT webhook_payloads_deployment_id_fkey REFERENCES deployments (id) ON DELETE SET NULL,
    provider VARCHAR(50) NOT NULL,
    payload_json JSONB NOT NULL,
    headers JSONB NOT NULL,
    received_at TIMESTAMP DEFAULT pg_catalog.now() NOT NULL
);

CREATE INDEX idx_webhook_payloads_deployment_id ON webhook_payloads (deployment_id);
CREATE INDEX idx_webhook_payloads_provider ON webhook_payloads (provider);
