using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Measures the processor time of the server per call, on plain tables and on seven partitions, the default one included, with plans as the
/// server chooses them and with generic plans. Times are printed, none decides. AUTOSTACK_PARTITION_LINES sets the lines that are there,
/// AUTOSTACK_PARTITION_ROUNDS the rounds, each of which measures every way once, AUTOSTACK_PARTITION_CALLS the calls in percent.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
[Platform("Linux")]
public sealed class PartitionCostTests
{
    private const int Projects = 1000;

    private static readonly int Lines = Setting("AUTOSTACK_PARTITION_LINES", 100_000);
    private static readonly int Rounds = Setting("AUTOSTACK_PARTITION_ROUNDS", 5);
    private static readonly int Percent = Setting("AUTOSTACK_PARTITION_CALLS", 100);

    // The newest deployment of each of the last six months; one owner has them all.
    private readonly Guid owner = Guid.CreateVersion7();
    private readonly List<Guid> deployments = [];
    private readonly string present = DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private sealed record Way(string Name, ServiceProvider Services, NpgsqlConnection Raw) : IAsyncDisposable
    {
        public T Get<T>()
            where T : notnull => Services.GetRequiredService<T>();

        public async ValueTask DisposeAsync()
        {
            await Raw.DisposeAsync();
            await Services.DisposeAsync();
        }
    }

    [Test]
    public async Task Calls_on_plain_and_partitioned_tables()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Durable = true }, Token);
        await using var plain = await server.CreateDatabaseAsync(Token);
        await using var partitioned = await server.CreateDatabaseAsync(Token);
        await PartitionAsync(partitioned.ConnectionString);
        await FillAsync(plain.ConnectionString);
        await FillAsync(partitioned.ConnectionString);
        Way[] ways =
        [
            await ConnectAsync(plain, "plain, auto", "auto"), await ConnectAsync(plain, "plain, generic", "force_generic_plan"),
            await ConnectAsync(partitioned, "partitions, auto", "auto"),
            await ConnectAsync(partitioned, "partitions, generic", "force_generic_plan"),
        ];
        await using var raw = NpgsqlDataSource.Create(server.ConnectionString);
        await TestContext.Out.WriteLineAsync($"µs of the server per call: {string.Join(" | ", ways.Select(way => way.Name))}");
        foreach (var (name, all, call) in Calls())
        {
            var calls = Math.Max(all * Percent / 100, 1);
            var costs = ways.ToDictionary(way => way.Name, _ => new List<double>());
            foreach (var way in ways)
            {
                await RunAsync(way, call, 10);
            }

            for (var round = 0; round < Rounds; round++)
            {
                foreach (var way in ways)
                {
                    var before = await CpuAsync(raw, way.Name);
                    await RunAsync(way, call, calls);
                    costs[way.Name].Add((await CpuAsync(raw, way.Name) - before) / 1000.0 / calls);
                }
            }

            var medians = costs.Values.Select(cost => cost.Order().ElementAt(Rounds / 2)).ToList();
            var columns = medians.Select(cost => FormattableString.Invariant($"{cost,9:0.0} {cost / medians[0],5:0.00}"));
            await TestContext.Out.WriteLineAsync($"{name,-28} {string.Join(" | ", columns)}");
        }

        foreach (var way in ways)
        {
            await way.DisposeAsync();
        }
    }

    private IEnumerable<(string Name, int Calls, Func<Way, int, Task> Call)> Calls()
    {
        var queries = (DeploymentFilter filter) => (Func<Way, int, Task>)((way, _) =>
            way.Get<IDeploymentQueries>().ListAsync(owner, filter, Cursor.Start, 20, Token));
        var count = (DeploymentFilter filter) => (Func<Way, int, Task>)((way, _) =>
            way.Get<IDeploymentQueries>().CountAsync(owner, filter, Token));
        yield return ("page of 200", 300, async (way, n) =>
            await way.Get<IDeploymentLogRepository>().ListAsync(Deployment(n), owner, Cursor.Start, 200, Token));
        yield return ("tail of 200", 300, async (way, n) =>
            await way.Get<IDeploymentLogRepository>().ListTailAsync(Deployment(n), owner, Cursor.Start, 200, Token));
        yield return ("page of 20", 1000, async (way, n) =>
            await way.Get<IDeploymentLogRepository>().ListAsync(Deployment(n), owner, Cursor.Start, 20, Token));
        yield return ("followers' poll of 6", 1000, PollAsync);
        yield return ("append of 1", 500, (way, n) => AppendAsync(way, n, 1));
        yield return ("append of 100", 100, (way, n) => AppendAsync(way, n, 100));
        yield return ("append of 10,000 (COPY)", 5, (way, n) => AppendAsync(way, n, 10_000));
        yield return ("latest check", 1000, async (way, n) =>
            await way.Get<IDeploymentHealthCheckRepository>().FindLatestAsync(Deployment(n), owner, Token));
        yield return ("latest 20 checks", 500, async (way, n) =>
            await way.Get<IDeploymentHealthCheckRepository>().ListLatestAsync(Deployment(n), owner, 20, Token));
        yield return ("one check stored", 500, async (way, n) =>
            await way.Get<IPlatformDeploymentHealthCheckRepository>().AddAsync(
                new NewDeploymentHealthCheck { DeploymentId = Deployment(n), Url = "http://a", IsLive = true }, Token));
        yield return ("tail of output, 200", 300, async (way, n) =>
            await way.Get<IDeploymentRuntimeLogRepository>().ListTailAsync(Deployment(n), owner, Cursor.Start, 200, Token));
        yield return ("output, append of 100", 100, (way, n) => way.Get<IPlatformDeploymentRuntimeLogRepository>().AppendAsync(
            Deployment(n), RuntimeLogSource.Docker,
            [.. Enumerable.Range(0, 100).Select(i => new NewDeploymentRuntimeLog(DateTimeOffset.UtcNow, "a line of some length"))], Token));
        yield return ("deployments", 300, queries(new()));
        yield return ("deployments of a project", 300, queries(new() { ProjectId = owner }));
        yield return ("deployments by status", 300, queries(new() { Status = DeploymentStatus.Failed }));
        yield return ("deployments by name", 100, queries(new() { ProjectName = "site 77" }));
        yield return ("deployments by message", 10, queries(new() { CommitMessage = "nowhere" }));
        yield return ("count of all", 20, count(new()));
        yield return ("count of a project", 300, count(new() { ProjectId = owner }));
        yield return ("count by status", 20, count(new() { Status = DeploymentStatus.Failed }));
    }

    private Guid Deployment(int n) => deployments[n % deployments.Count];

    private async Task AppendAsync(Way way, int n, int lines) => await way.Get<IPlatformDeploymentLogRepository>().AppendAsync(
        Deployment(n), [.. Enumerable.Repeat(new NewDeploymentLog { Message = "a line of some length, as a build prints" }, lines)], Token);

    // The statement of the follower, on the connection of the pool's neighbour.
    private async Task PollAsync(Way way, int n)
    {
        await using var command = new NpgsqlCommand("""
            SELECT f.ordinal::int
            FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS f (id, seq, ordinal)
            WHERE (SELECT pg_catalog.max(l.seq) FROM deployment_logs l WHERE l.deployment_id = f.id) > f.seq
               OR coalesce((SELECT d.is_deleted OR d.status::text IN ('success', 'failed') FROM deployments d WHERE d.id = f.id), TRUE)
            ORDER BY f.ordinal
            """, way.Raw);
        command.Parameters.Add(new() { Value = deployments.ToArray() });
        command.Parameters.Add(new() { Value = deployments.Select(_ => long.MaxValue - n).ToArray() });
        await command.PrepareAsync(Token);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task RunAsync(Way way, Func<Way, int, Task> call, int calls)
    {
        for (var n = 0; n < calls; n++)
        {
            await call(way, n);
        }
    }

    private static async Task<Way> ConnectAsync(TestDatabase database, string name, string plans)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            ApplicationName = name,
            Options = $"-c plan_cache_mode={plans}",
        };
        var raw = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        await raw.OpenAsync(Token);
        return new(
            name,
            new ServiceCollection()
                .AddAutoStackData(options =>
                    (options.ConnectionString, options.MinPoolSize, options.MaxPoolSize) = (settings.ConnectionString, 1, 1))
                .AddAutoStackDataWorkers()
                .BuildServiceProvider(),
            raw);
    }

    // Nanoseconds of all processes of a way.
    private static async Task<long> CpuAsync(NpgsqlDataSource raw, string name)
    {
        await using var command = raw.CreateCommand("SELECT pid FROM pg_stat_activity WHERE application_name = $1");
        command.Parameters.Add(new() { Value = name });
        await using var reader = await command.ExecuteReaderAsync(Token);
        var sum = 0L;
        while (await reader.ReadAsync(Token))
        {
            var text = await File.ReadAllTextAsync($"/proc/{reader.GetInt32(0)}/schedstat", Token);
            sum += long.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return sum;
    }

    private static async Task PartitionAsync(string connectionString)
    {
        await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            UPDATE log_partition_settings SET period = 'month', ahead = 6;
            SELECT reserve_log_partitions(s.table_name, date_trunc('month', now() AT TIME ZONE 'UTC') - interval '5 months 1 day')
            FROM log_partition_settings s;
            SELECT create_reserved_log_partitions(s.table_name) FROM log_partition_settings s;
            """);
        await command.ExecuteNonQueryAsync(Token);
    }

    // 1,440 deployments of the last six months, whose lines, checks and output have ids of the same time.
    private async Task FillAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand($$"""
            CREATE FUNCTION pg_temp.key(moment timestamp, n bigint) RETURNS uuid LANGUAGE sql AS $do$
                SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
            $do$;
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES ('{{owner}}', 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT CASE n WHEN 1 THEN '{{owner}}' ELSE gen_random_uuid() END, '{{owner}}', 'site ' || n, 'ada/site', now(), now()
            FROM generate_series(1, {{Projects}}) n;
            CREATE TEMPORARY TABLE p AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM projects;
            INSERT INTO deployments (id, project_id, user_id, status, commit_message, created_at)
            SELECT pg_temp.key(t.at, t.n), p.id, '{{owner}}', CASE t.n % 50 WHEN 0 THEN 'failed' ELSE 'success' END, md5(t.n::text), t.at
            FROM (
                SELECT n, b.start + n * (b.present - b.start) / 1440 AS at
                FROM generate_series(0, 1439) n,
                    (VALUES (timestamp '{{present}}', date_trunc('month', timestamp '{{present}}') - interval '5 months - 2 days'))
                        AS b (present, start)
            ) t
            JOIN p ON p.n = 1 + t.n % {{Projects}};
            INSERT INTO deployment_logs (deployment_id, message, seq, log_bytes, timestamp)
            SELECT d.id, 'a line of some length, as a build prints, ' || n, n, n * 180, d.created_at
            FROM deployments d, generate_series(1, {{Lines / 1440}}) n;
            INSERT INTO deployment_runtime_logs (id, deployment_id, message, seq, timestamp)
            SELECT pg_temp.key(d.created_at, n), d.id, 'a line of some length, as a build prints, ' || n, n, d.created_at
            FROM deployments d, generate_series(1, {{Lines / 1440}}) n;
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT pg_temp.key(d.created_at, n), d.id, 'http://a', TRUE, d.created_at
            FROM deployments d, generate_series(1, {{Lines / 1440}}) n;
            """);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(Token);
        await using var analyze = source.CreateCommand("VACUUM (ANALYZE)");
        analyze.CommandTimeout = 0;
        await analyze.ExecuteNonQueryAsync(Token);
        if (deployments.Count > 0)
        {
            return;
        }

        await using var find = source.CreateCommand(
            "SELECT (array_agg(id ORDER BY created_at DESC))[1] FROM deployments GROUP BY date_trunc('month', created_at) ORDER BY 1");
        await using var reader = await find.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            deployments.Add(reader.GetGuid(0));
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
