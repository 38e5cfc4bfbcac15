using Npgsql;

namespace AutoStack.Data.Benchmarks.Data;

/// <summary>
/// Fills an empty database with the rows of a scale, the same ones every time. The server makes them, which is the quickest way.
/// </summary>
internal static class Fill
{
    // As the ids that the library makes: a time first, so that neighbours in time are neighbours in the index.
    private const string MakeIds = """
        CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
            SELECT (lpad(to_hex(1767225600000 + n), 12, '0') || '7' || substr(md5(kind || n), 1, 3) || '8'
                || substr(md5(kind || n), 4, 15))::uuid
        $$;
        CREATE FUNCTION pg_temp.moment(n bigint) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
            SELECT timestamp '2026-01-01' + n * interval '10 seconds'
        $$
        """;

    private const string Users = """
        INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
        SELECT pg_temp.id('user', n), 'User ' || n, 'user-' || n || '@example.com', TRUE, pg_temp.moment(0), pg_temp.moment(0)
        FROM generate_series(1, @users) AS n
        """;

    private const string Projects = """
        INSERT INTO projects (
            id, user_id, name, repository, branch, build_command, output_dir, github_repo_id, runtime,
            auto_deploy_enabled, auto_deploy_branch, created_at, updated_at)
        SELECT pg_temp.id('project', n), pg_temp.id('user', (n - 1) / 5 + 1), 'project-' || n,
            'https://git.example.com/owner/project-' || n,
            'main', 'npm run build', 'dist', n::text, 'static', TRUE, 'main', pg_temp.moment(0), pg_temp.moment(0)
        FROM generate_series(1, @users * 5) AS n
        """;

    // Every twentieth belongs to the first user; of ten, seven went well; of fifty, one is deleted, but never the one with the giant log.
    private const string Deployments = """
        INSERT INTO deployments (
            id, project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production,
            build_duration_seconds, failed_reason, deployed_url, started_at, completed_at, created_at, is_deleted)
        SELECT pg_temp.id('deployment', n), pg_temp.id('project', project), pg_temp.id('user', (project - 1) / 5 + 1), status, 'main',
            substr(md5(n::text) || md5('c' || n), 1, 40), 'Make the layout of page ' || n || ' hold on narrow screens, too', 'Ada Lovelace',
            pg_temp.moment(n) - interval '1 minute', CASE WHEN n % 3 = 0 THEN 'auto' ELSE 'manual' END, n % 4 = 0,
            40 + n % 50, CASE WHEN status = 'failed' THEN 'The build command ended with exit code 1.' END,
            CASE WHEN status = 'success' THEN 'https://project-' || project || '.example.com' END,
            pg_temp.moment(n) + interval '1 second', pg_temp.moment(n) + (40 + n % 50) * interval '1 second', pg_temp.moment(n),
            n <> @deployments / 2 AND mix % 50 = 49
        FROM (
            SELECT n, mix,
                CASE WHEN n % 20 = 0 THEN 1 + n / 20 % 5 ELSE 1 + n * 7919 % (@users * 5) END AS project,
                CASE WHEN mix % 10 < 7 THEN 'success' WHEN mix % 10 < 9 THEN 'failed' ELSE 'cancelled' END AS status
            FROM (SELECT n, n / 20 + n AS mix FROM generate_series(1::bigint, @deployments) AS n) g
        ) r
        ORDER BY n
        """;

    private const string GiantLog = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT pg_temp.id('giant', n), pg_temp.id('deployment', @deployments / 2), moment, 'info',
            'Step ' || n || ' of many: compiled module ' || n * 17 || ' in ' || n % 90 || ' ms, no warnings', moment, n
        FROM generate_series(1, @giantLog) AS n
        CROSS JOIN LATERAL (SELECT pg_temp.moment(@deployments / 2) + n * interval '1 millisecond' AS moment) m
        """;

    private const string OrdinaryLogs = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT pg_temp.id('log', d::bigint * @ordinaryLog + n), pg_temp.id('deployment', d), moment, 'info',
            'Step ' || n || ' of many: compiled module ' || n * 17 || ' in ' || n % 90 || ' ms, no warnings', moment, n
        FROM generate_series(@deployments - @withLog + 1, @deployments) AS d
        CROSS JOIN generate_series(1, @ordinaryLog) AS n
        CROSS JOIN LATERAL (SELECT pg_temp.moment(d) + n * interval '100 milliseconds' AS moment) m
        """;

    private const string Stages = """
        INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, created_at)
        SELECT pg_temp.id('stage', d::bigint * 6 + n), pg_temp.id('deployment', d), stage, 'completed', moment,
            moment + interval '5 seconds', moment
        FROM generate_series(@deployments - @withLog + 1, @deployments) AS d
        CROSS JOIN unnest(ARRAY['queued', 'cloning', 'checkout', 'installing', 'building', 'copying']) WITH ORDINALITY AS s (stage, n)
        CROSS JOIN LATERAL (SELECT pg_temp.moment(d) + n * interval '5 seconds' AS moment) m
        """;

    private const string Containers = """
        INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at)
        SELECT pg_temp.id('container', n), pg_temp.id('deployment', n), md5('container' || n) || md5('r' || n),
            'registry.example.com/site:' || n,
            'node-' || n / 1000, 30000 + n % 1000, 'running', pg_temp.moment(n)
        FROM generate_series(@deployments - @withContainer + 1, @deployments) AS n
        JOIN deployments d ON d.id = pg_temp.id('deployment', n) AND d.status = 'success' AND NOT d.is_deleted
        """;

    private const string HealthChecks = """
        INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
        SELECT gen_random_uuid(), c.deployment_id, 'http://' || c.host || ':' || c.port || '/', 200, 20 + n % 30, TRUE,
            c.created_at + n * interval '1 minute'
        FROM deployment_containers c
        CROSS JOIN generate_series(1, 20) AS n
        """;

    /// <summary>Fills the database.</summary>
    /// <returns>The rows that the questions ask for.</returns>
    public static async Task<Fixtures> RunAsync(string connectionString, Scale scale)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0 });
        await using var connection = await source.OpenConnectionAsync();
        string[] statements = [MakeIds, Users, Projects, Deployments, GiantLog, OrdinaryLogs, Stages, Containers, HealthChecks];
        foreach (var statement in statements)
        {
            await using var command = new NpgsqlCommand(statement, connection);
            Add(command, scale);
            await command.ExecuteNonQueryAsync();
        }

        foreach (var statement in (string[])["VACUUM (ANALYZE)", "CHECKPOINT"])
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync();
        }

        return await FindAsync(connection, scale);
    }

    private static async Task<Fixtures> FindAsync(NpgsqlConnection connection, Scale scale)
    {
        var spread = await ListAsync("""
            SELECT d.id, d.user_id
            FROM deployments d
            WHERE NOT d.is_deleted
            ORDER BY md5(d.id::text)
            LIMIT 1000
            """);
        var ordinary = await ListAsync("""
            SELECT d.id, d.user_id
            FROM deployments d
            JOIN deployment_containers c ON c.deployment_id = d.id
            WHERE d.id > pg_temp.id('deployment', @deployments - @withLog)
            ORDER BY d.created_at DESC
            LIMIT 1
            """);
        var giant = await ListAsync("SELECT d.id, d.user_id FROM deployments d WHERE d.id = pg_temp.id('deployment', @deployments / 2)");
        var heavyUser = await ListAsync("SELECT pg_temp.id('project', 1), pg_temp.id('user', 1)");
        return new Fixtures(scale, spread, ordinary[0], giant[0], heavyUser[0].OwnerId, heavyUser[0].Id);

        async Task<Owned[]> ListAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            Add(command, scale);
            await using var reader = await command.ExecuteReaderAsync();
            var rows = new List<Owned>();
            while (await reader.ReadAsync())
            {
                rows.Add(new Owned(reader.GetGuid(0), reader.GetGuid(1)));
            }

            return [.. rows];
        }
    }

    // All of them for each statement: the driver sends those that it names.
    private static void Add(NpgsqlCommand command, Scale scale)
    {
        command.Parameters.AddWithValue("users", scale.Users);
        command.Parameters.AddWithValue("deployments", scale.Deployments);
        command.Parameters.AddWithValue("giantLog", scale.GiantLog);
        command.Parameters.AddWithValue("ordinaryLog", Scale.OrdinaryLog);
        command.Parameters.AddWithValue("withLog", scale.WithLog);
        command.Parameters.AddWithValue("withContainer", scale.WithContainer);
    }
}
