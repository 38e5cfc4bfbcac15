namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// The tables that the load works on: those of the scripts, with their columns, keys, indexes and checks, in a schema of the benchmark's. The scripts
/// themselves would leave an extension behind. Without the defaults, which no statement of the load relies on, and the trigger that numbers the lines
/// of other writers. A test compares them with what the scripts make.
/// </summary>
internal static class BenchTables
{
    public const int Users = 100;
    public const int DeploymentsPerUser = 100;

    /// <summary>Of the newest deployments, how many have a log to be read. Others are appended to.</summary>
    public const int WithLog = 200;

    public const int LogLength = 500;

    /// <summary>All of it, to be run with the schema as the search path of the transaction.</summary>
    public static string Script => FormattableString.Invariant($"""
        {Tables}
        {Indexes}
        INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
        SELECT gen_random_uuid(), 'User ' || n, 'user-' || n || '@example.com', TRUE, timestamp '2026-01-01', timestamp '2026-01-01'
        FROM generate_series(1, {Users}) AS n;
        INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at, updated_at)
        SELECT gen_random_uuid(), u.id, 'site-' || n, 'https://git.example.com/owner/site-' || n, 'main', 'npm run build', 'dist', 'static', TRUE, u.created_at, u.updated_at
        FROM users u
        CROSS JOIN generate_series(1, 2) AS n;
        INSERT INTO deployments (
            id, project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production,
            build_duration_seconds, deployed_url, started_at, completed_at, created_at, is_deleted)
        SELECT gen_random_uuid(), p.id, p.user_id, 'success', 'main', md5(n::text) || 'c0ffee00', 'Make the layout of page ' || n || ' hold on narrow screens, too',
            'Ada Lovelace', moment, 'auto', n % 4 = 0, 40 + n % 50, 'https://site.example.com', moment, moment + interval '1 minute', moment, FALSE
        FROM projects p
        CROSS JOIN generate_series(1, {DeploymentsPerUser / 2}) AS n
        CROSS JOIN LATERAL (SELECT p.created_at + n * interval '1 hour' AS moment) m;
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT gen_random_uuid(), d.id, d.created_at, 'info', 'Step ' || n || ' of many: compiled module ' || n * 17 || ' in ' || n % 90 || ' ms, no warnings', d.created_at, n
        FROM (SELECT id, created_at FROM deployments ORDER BY created_at DESC, id LIMIT {WithLog}) d
        CROSS JOIN generate_series(1, {LogLength}) AS n;
        """);

    private const string Tables = """
        CREATE TABLE users (
            id UUID CONSTRAINT users_pkey PRIMARY KEY,
            name VARCHAR(255) NOT NULL,
            email VARCHAR(255) CONSTRAINT users_email_key UNIQUE NOT NULL,
            password_hash VARCHAR(255),
            avatar_url TEXT,
            github_id VARCHAR(255) CONSTRAINT users_github_id_key UNIQUE,
            google_id VARCHAR(255) CONSTRAINT users_google_id_key UNIQUE,
            email_verified BOOLEAN NOT NULL,
            created_at TIMESTAMP,
            updated_at TIMESTAMP,
            CONSTRAINT users_required_check CHECK (created_at IS NOT NULL AND updated_at IS NOT NULL)
        );
        CREATE TABLE projects (
            id UUID CONSTRAINT projects_pkey PRIMARY KEY,
            user_id UUID NOT NULL CONSTRAINT projects_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
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
            created_at TIMESTAMP,
            updated_at TIMESTAMP,
            repository_host TEXT,
            repository_path TEXT,
            provider TEXT,
            provider_host TEXT,
            provider_repository_id TEXT,
            access_proven_at TIMESTAMP,
            env_vars_version UUID,
            CONSTRAINT projects_required_check CHECK (created_at IS NOT NULL AND updated_at IS NOT NULL)
        );
        CREATE TABLE deployments (
            id UUID CONSTRAINT deployments_pkey PRIMARY KEY,
            project_id UUID NOT NULL CONSTRAINT deployments_project_id_fkey REFERENCES projects (id) ON DELETE CASCADE,
            user_id UUID NOT NULL CONSTRAINT deployments_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
            status VARCHAR(50),
            branch VARCHAR(100),
            commit_hash VARCHAR(40),
            commit_hash_full VARCHAR(64),
            commit_message TEXT,
            author VARCHAR(255),
            commit_timestamp TIMESTAMP,
            creator_type VARCHAR(20) NOT NULL,
            is_production BOOLEAN NOT NULL,
            env_vars TEXT,
            build_duration_seconds INTEGER,
            failed_reason TEXT,
            deployed_url TEXT,
            started_at TIMESTAMP,
            completed_at TIMESTAMP,
            created_at TIMESTAMP,
            is_deleted BOOLEAN NOT NULL,
            queue_place BIGINT,
            env_vars_version UUID,
            CONSTRAINT deployments_required_check CHECK (status IS NOT NULL AND created_at IS NOT NULL)
        );
        CREATE TABLE deployment_logs (
            id UUID CONSTRAINT deployment_logs_pkey PRIMARY KEY,
            deployment_id UUID NOT NULL CONSTRAINT deployment_logs_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
            timestamp TIMESTAMP,
            log_level VARCHAR(20),
            message TEXT NOT NULL,
            created_at TIMESTAMP,
            seq BIGINT,
            log_bytes BIGINT,
            CONSTRAINT deployment_logs_required_check CHECK (timestamp IS NOT NULL AND created_at IS NOT NULL AND seq IS NOT NULL)
        );
        """;

    private const string Indexes = """
        CREATE INDEX idx_users_email ON users (email);
        CREATE UNIQUE INDEX users_lower_email_key ON users (lower(email COLLATE "C"));
        CREATE INDEX idx_users_github_id ON users (github_id);
        CREATE INDEX idx_users_google_id ON users (google_id);
        CREATE INDEX idx_projects_user_id ON projects (user_id);
        CREATE INDEX idx_deployments_project_id ON deployments (project_id);
        CREATE INDEX idx_deployments_user_id ON deployments (user_id);
        CREATE INDEX idx_deployments_status ON deployments (status);
        CREATE INDEX idx_deployments_created_at ON deployments (created_at DESC);
        CREATE INDEX deployments_user_id_created_at_id_idx ON deployments (user_id, created_at DESC, id DESC);
        CREATE INDEX deployments_project_id_created_at_id_idx ON deployments (project_id, created_at DESC, id DESC);
        CREATE INDEX deployments_deleted_created_at_id_idx ON deployments (created_at, id) WHERE is_deleted;
        CREATE INDEX deployments_waiting_queue_place_id_idx
            ON deployments (queue_place, id) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
        CREATE INDEX deployments_waiting_user_id_queue_place_idx
            ON deployments (user_id, queue_place) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
        CREATE INDEX deployments_waiting_user_id_project_id_queue_place_id_idx
            ON deployments (user_id, project_id, queue_place, id) WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL;
        CREATE INDEX deployments_under_way_project_id_idx
            ON deployments (project_id)
            WHERE (status::text IN ('cloning', 'checkout', 'installing', 'building', 'copying') OR status::text = 'queued' AND started_at IS NOT NULL) AND NOT is_deleted;
        CREATE INDEX deployments_under_way_user_id_idx
            ON deployments (user_id)
            WHERE (status::text IN ('cloning', 'checkout', 'installing', 'building', 'copying') OR status::text = 'queued' AND started_at IS NOT NULL) AND NOT is_deleted;
        CREATE INDEX deployments_started_queue_place_idx
            ON deployments (queue_place) WHERE started_at IS NOT NULL AND queue_place IS NOT NULL;
        CREATE INDEX idx_deployment_logs_deployment_id ON deployment_logs (deployment_id);
        CREATE INDEX idx_deployment_logs_timestamp ON deployment_logs (timestamp);
        CREATE UNIQUE INDEX deployment_logs_deployment_id_seq_key ON deployment_logs (deployment_id, seq);
        """;
}
