using System.Globalization;
using System.Security.Cryptography;
using AutoStack.Data.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>
/// What a call of an owner costs the server with row security, beside the same call without, as ratios of one run; runs by its name only.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class RowSecurityCostTests : RowSecurityTests
{
    private const int Rounds = 7;
    private const int DeploymentRows = 20_000;

    // The feature signed-identity refuses the claims of the other test.
    [Test]
    [Order(1)]
    [CancelAfter(3_600_000)]
    public Task Every_call_that_reads_beside_the_same_call_without_row_security() =>
        CompareAsync([.. OwnerCalls.All.Where(call => !call.Writes)], _ => { });

    [Test]
    [Order(2)]
    [CancelAfter(3_600_000)]
    public async Task Calls_with_a_signed_identity_beside_the_same_calls_without_row_security()
    {
        var signingKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Head.In("signed-identity"), cancellationToken: Token);
        await ExecuteAsync("SELECT row_security_add_key('first', $1)", signingKey);
        string[] names = ["user", "project", "deployment", "container", "log", "recent"];
        await CompareAsync([.. OwnerCalls.All.Where(call => names.Contains(call.Name))], options => options.IdentityKey = signingKey);
    }

    private async Task CompareAsync(IReadOnlyList<OwnerCall> calls, Action<AutoStackDataOptions> configure)
    {
        var me = await Tenant.CreateAsync(Plain, Token);
        await FillAsync(me);
        await using var plain = HostOf(options => Single(options, "cost plain"));
        await using var guarded = HostOf(options =>
        {
            Single(options, "cost guarded");
            options.TenantRole = TenantRole;
            configure(options);
        });
        await TestContext.Out.WriteLineAsync($"{"call",-22}{"without",12}{"with",12}{"ratio",8}   µs of the server's CPU");
        foreach (var call in calls)
        {
            List<double> without = [], with = [];
            for (var round = 0; round <= Rounds; round++)
            {
                without.Add(await MeasureAsync(plain, "cost plain", call, me));
                with.Add(await MeasureAsync(guarded, "cost guarded", call, me));
            }

            // The first round plans.
            var (a, b) = (Median(without[1..]), Median(with[1..]));
            await TestContext.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{call.Name,-22}{a,12:0}{b,12:0}{b / a,8:0.00}"));
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Single(AutoStackDataOptions options, string name)
    {
        (options.MinPoolSize, options.MaxPoolSize) = (1, 1);
        options.ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString!.Reveal())
        {
            ApplicationName = name,
        }.ConnectionString;
    }

    // Calls for at least 40 ms of the server's CPU.
    private async Task<double> MeasureAsync(ServiceProvider host, string name, OwnerCall call, Tenant me)
    {
        await call.RunAsync(host, me, me, Token);
        var (calls, start) = (0, await CpuAsync(name));
        long used;
        do
        {
            for (var i = 0; i < 10; i++, calls++)
            {
                await call.RunAsync(host, me, me, Token);
            }

            used = await CpuAsync(name) - start;
        }
        while (used < 40_000_000);
        return used / 1000.0 / calls;
    }

    private async Task<long> CpuAsync(string name) => long.Parse((string)(await ScalarAsync("""
        SELECT split_part(pg_read_file(format('/proc/%s/schedstat', a.pid)), ' ', 1) FROM pg_stat_activity a WHERE a.application_name = $1
        """, name))!, CultureInfo.InvariantCulture);

    // The user's deployments in 40 projects, and twice as many of others; logs of 300 lines, stages and checks of the newest ones.
    private async Task FillAsync(Tenant me)
    {
        await ExecuteAsync("ALTER TABLE deployments DISABLE TRIGGER USER; ALTER TABLE deployment_logs DISABLE TRIGGER USER");
        await ExecuteAsync("""
            INSERT INTO users (name, email) SELECT 'Ada', 'ada' || n || '@cost.example.com' FROM generate_series(1, 50) n
            """);
        await ExecuteAsync("""
            INSERT INTO projects (user_id, name, repository)
            SELECT $1, 'site ' || n, 'ada/site' || n FROM generate_series(1, 39) n
            UNION ALL
            SELECT u.id, 'other ' || n, 'others/site' || n FROM users u, generate_series(1, 9) n WHERE u.email LIKE '%@cost.example.com'
            """, me.Id);
        await ExecuteAsync("""
            WITH p AS (SELECT p.*, row_number() OVER (PARTITION BY p.user_id = $1 ORDER BY p.id) AS place FROM projects p)
            INSERT INTO deployments (project_id, user_id, status, branch, commit_hash, commit_message, created_at, started_at, completed_at,
                build_duration_seconds)
            SELECT p.id, p.user_id, CASE WHEN n % 7 = 0 THEN 'failed' ELSE 'success' END, 'main', md5(n::text), 'fix ' || n,
                t.at, t.at, t.at + interval '90 s', 60 + n % 100
            FROM generate_series(1, 3 * $2) n
            CROSS JOIN LATERAL (SELECT timestamp '2026-03-28' - n * interval '3 minutes') t (at)
            JOIN p ON (p.user_id = $1) = (n % 3 = 0) AND p.place = 1 + n % CASE WHEN n % 3 = 0 THEN 40 ELSE 450 END
            """, me.Id, DeploymentRows);
        await ExecuteAsync("""
            INSERT INTO deployment_stages (deployment_id, stage_name, status, started_at, completed_at)
            SELECT d.id, s, 'completed', d.started_at, d.completed_at
            FROM deployments d, unnest(ARRAY['cloning', 'installing', 'building', 'deploying']) s WHERE d.started_at IS NOT NULL
            """);
        await ExecuteAsync("""
            INSERT INTO deployment_logs (deployment_id, log_level, message, seq)
            SELECT d.id, CASE WHEN n % 50 = 0 THEN 'error' ELSE 'info' END, 'line ' || n || ' of a build that installs its packages', n
            FROM (
                SELECT d.id FROM deployments d WHERE d.id <> ALL ($1) ORDER BY d.created_at DESC LIMIT 600
            ) d, generate_series(1, 300) n
            UNION ALL
            SELECT i, 'info', 'line ' || n || ' of a build that installs its packages', n + 1 FROM unnest($1) i, generate_series(1, 299) n
            """, new[] { me.DeploymentId, me.EndedId });
        await ExecuteAsync("""
            INSERT INTO deployment_health_checks (deployment_id, url, http_status, latency_ms, is_live, checked_at)
            SELECT d.id, 'https://example.com', 200, n % 90, TRUE, timestamp '2026-03-20' + n * interval '10 minutes'
            FROM (
                (SELECT d.id FROM deployments d ORDER BY d.created_at DESC LIMIT 300) UNION SELECT $1
            ) d, generate_series(1, 100) n
            """, me.DeploymentId);
        await ExecuteAsync("ALTER TABLE deployments ENABLE TRIGGER USER; ALTER TABLE deployment_logs ENABLE TRIGGER USER");
        await ExecuteAsync("VACUUM ANALYZE");
    }
}
