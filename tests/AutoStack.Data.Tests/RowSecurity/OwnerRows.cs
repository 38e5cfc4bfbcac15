using Npgsql;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>Rows of a user among those of other users, as many as the planner needs to see a table as large.</summary>
internal static class OwnerRows
{
    /// <summary>
    /// Adds the user's deployments in 40 projects, and twice as many of others; logs of 300 lines, stages and checks of the newest ones.
    /// </summary>
    public static async Task FillAsync(NpgsqlDataSource database, Tenant me, int deployments, CancellationToken token)
    {
        await RunAsync("ALTER TABLE deployments DISABLE TRIGGER USER; ALTER TABLE deployment_logs DISABLE TRIGGER USER");
        await RunAsync("""
            INSERT INTO users (name, email) SELECT 'Ada', 'ada' || n || '@cost.example.com' FROM generate_series(1, 50) n
            """);
        await RunAsync("""
            INSERT INTO projects (user_id, name, repository)
            SELECT $1, 'site ' || n, 'ada/site' || n FROM generate_series(1, 39) n
            UNION ALL
            SELECT u.id, 'other ' || n, 'others/site' || n FROM users u, generate_series(1, 9) n WHERE u.email LIKE '%@cost.example.com'
            """, me.Id);
        await RunAsync("""
            WITH p AS (SELECT p.*, row_number() OVER (PARTITION BY p.user_id = $1 ORDER BY p.id) AS place FROM projects p)
            INSERT INTO deployments (project_id, user_id, status, branch, commit_hash, commit_message, created_at, started_at, completed_at,
                build_duration_seconds)
            SELECT p.id, p.user_id, CASE WHEN n % 7 = 0 THEN 'failed' ELSE 'success' END, 'main', md5(n::text), 'fix ' || n,
                t.at, t.at, t.at + interval '90 s', 60 + n % 100
            FROM generate_series(1, 3 * $2) n
            CROSS JOIN LATERAL (SELECT timestamp '2026-03-28' - n * interval '3 minutes') t (at)
            JOIN p ON (p.user_id = $1) = (n % 3 = 0) AND p.place = 1 + n % CASE WHEN n % 3 = 0 THEN 40 ELSE 450 END
            """, me.Id, deployments);
        await RunAsync("""
            INSERT INTO deployment_stages (deployment_id, stage_name, status, started_at, completed_at)
            SELECT d.id, s, 'completed', d.started_at, d.completed_at
            FROM deployments d, unnest(ARRAY['cloning', 'installing', 'building', 'deploying']) s WHERE d.started_at IS NOT NULL
            """);
        await RunAsync("""
            INSERT INTO deployment_logs (deployment_id, log_level, message, seq)
            SELECT d.id, CASE WHEN n % 50 = 0 THEN 'error' ELSE 'info' END, 'line ' || n || ' of a build that installs its packages', n
            FROM (
                SELECT d.id FROM deployments d WHERE d.id <> ALL ($1) ORDER BY d.created_at DESC LIMIT 600
            ) d, generate_series(1, 300) n
            UNION ALL
            SELECT i, 'info', 'line ' || n || ' of a build that installs its packages', n + 1 FROM unnest($1) i, generate_series(1, 299) n
            """, new[] { me.DeploymentId, me.EndedId });
        await RunAsync("""
            INSERT INTO deployment_health_checks (deployment_id, url, http_status, latency_ms, is_live, checked_at)
            SELECT d.id, 'https://example.com', 200, n % 90, TRUE, timestamp '2026-03-20' + n * interval '10 minutes'
            FROM (
                (SELECT d.id FROM deployments d ORDER BY d.created_at DESC LIMIT 300) UNION SELECT $1
            ) d, generate_series(1, 100) n
            """, me.DeploymentId);
        await RunAsync("ALTER TABLE deployments ENABLE TRIGGER USER; ALTER TABLE deployment_logs ENABLE TRIGGER USER");
        await RunAsync("VACUUM ANALYZE");

        async Task RunAsync(string sql, params object[] values)
        {
            await using var command = database.CreateCommand(sql);
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            await command.ExecuteNonQueryAsync(token);
        }
    }
}
