using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>
/// Measures what looks and examinations cost beside claims and log writes, on a server that keeps its commits. Times are printed, none
/// decides. AUTOSTACK_MONITOR_LINES sets the log lines that are there, AUTOSTACK_MONITOR_TABLES the tables of others,
/// AUTOSTACK_MONITOR_SECONDS the length of each of six rounds.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class MonitorCostTests
{
    private const int Workers = 4;

    private static readonly int Lines = Setting("AUTOSTACK_MONITOR_LINES", 10_000);
    private static readonly int Tables = Setting("AUTOSTACK_MONITOR_TABLES", 30);
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(Setting("AUTOSTACK_MONITOR_SECONDS", 2));

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Looks_beside_claims_and_log_writes()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Durable = true }, Token);
        await using var database = await server.CreateDatabaseAsync(Token);
        await using var provider = new ServiceCollection().AddAutoStackData(database.ConnectionString).AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await FillAsync(database.ConnectionString);
        var monitor = provider.GetRequiredService<IDatabaseMonitor>();
        var doctor = provider.GetRequiredService<IDatabaseDoctor>();

        foreach (var part in new[]
        {
            StatsParts.None, StatsParts.Totals, StatsParts.Tables, StatsParts.Indexes, StatsParts.Sessions, StatsParts.Statements,
            StatsParts.Replication, StatsParts.Queue, StatsParts.All,
        })
        {
            await PrintAsync($"stats {part}", () => monitor.MeasureAsync(part, Token));
        }

        await PrintAsync("doctor", () => doctor.ListFindingsAsync(null, Token));
        foreach (var pass in Enumerable.Range(1, 2))
        {
            await LoadAsync(provider, $"{pass}: alone", () => Task.CompletedTask);
            await LoadAsync(provider, $"{pass}: with stats every 2 s", () => monitor.MeasureAsync(StatsParts.All, Token));
            await LoadAsync(provider, $"{pass}: with doctor every 2 s", () => doctor.ListFindingsAsync(null, Token));
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    private static async Task PrintAsync(string what, Func<Task> look)
    {
        var times = new List<double>();
        for (var i = 0; i < 11; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await look();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{what,-20} median {times[5],6:0.0} ms, longest {times[10],6:0.0}"));
    }

    // Each worker claims a deployment, writes 200 lines in batches of 20, and succeeds.
    private static async Task LoadAsync(ServiceProvider provider, string what, Func<Task> look)
    {
        var lifecycle = provider.GetRequiredService<IDeploymentLifecycle>();
        var lines = Enumerable.Range(0, 20).Select(n => $"[{n}] compiled a module of the site in some milliseconds").ToArray();
        var (claims, appends) = (new List<double>(), new List<double>());
        var start = Stopwatch.GetTimestamp();
        var workers = Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < Round)
            {
                var began = Stopwatch.GetTimestamp();
                var job = (await lifecycle.ClaimNextAsync(Token))!;
                Add(claims, began);
                for (var batch = 0; batch < 10; batch++)
                {
                    began = Stopwatch.GetTimestamp();
                    await AppendAsync(provider, job.Deployment.Id, lines);
                    Add(appends, began);
                }
            }
        })).ToList();
        while (Stopwatch.GetElapsedTime(start) < Round)
        {
            await look();
            await Task.Delay(TimeSpan.FromSeconds(2), Token);
        }

        await Task.WhenAll(workers);
        TestContext.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what,-26} {claims.Count / Round.TotalSeconds,6:0} claims/s p50 {At(claims, 0.5):0.00} p99 {At(claims, 0.99):0.00} ms; " +
            $"{appends.Count * 20 / Round.TotalSeconds,7:0} lines/s p50 {At(appends, 0.5):0.00} p99 {At(appends, 0.99):0.00} ms"));

        static void Add(List<double> times, long began)
        {
            lock (times)
            {
                times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        }

        static double At(List<double> times, double share)
        {
            times.Sort();
            return times.Count == 0 ? double.NaN : times[(int)((times.Count - 1) * share)];
        }
    }

    private static Task AppendAsync(ServiceProvider provider, Guid deploymentId, string[] lines) =>
        provider.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deploymentId, [.. lines.Select(line => new NewDeploymentLog { Message = line })], Token);

    private static async Task FillAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        foreach (var sql in new[]
        {
            """
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT md5('owner' || n)::uuid, 'Ada', 'owner' || n || '@example.com', FALSE, now(), now() FROM generate_series(1, 50) n
            """,
            """
            INSERT INTO projects (
                id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at, updated_at)
            SELECT md5('project' || n)::uuid, md5('owner' || 1 + n % 50)::uuid, 'Site', 'https://git.example.com/ada/site-' || n,
                'main', 'make', 'dist', 'static', TRUE, now(), now()
            FROM generate_series(1, 500) n
            """,
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT md5('deployment' || n)::uuid, md5('project' || 1 + n % 500)::uuid, md5('owner' || 1 + (1 + n % 500) % 50)::uuid,
                'queued', 'manual', FALSE, '2026-01-01'::timestamp + n * interval '1 s', FALSE
            FROM generate_series(1, 60000) n
            """,
            $"""
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
            SELECT gen_random_uuid(), md5('deployment' || 50001 + n % 5000)::uuid, timezone('UTC', now()) - n * interval '1 s', 'INFO',
                'a line of a build that says what it has done so far ' || n, now(), 1 + n / 5000
            FROM generate_series(1, {Lines}) n
            """,
        })
        {
            await using var command = source.CreateCommand(sql);
            command.CommandTimeout = 600;
            await command.ExecuteNonQueryAsync(Token);
        }

        for (var i = 0; i < Tables; i++)
        {
            await using var command = source.CreateCommand(
                $"CREATE TABLE other_{i} (id bigint PRIMARY KEY, a text, b text, c int, d timestamp); "
                + $"CREATE INDEX ON other_{i} (a); CREATE INDEX ON other_{i} (c, d); "
                + $"INSERT INTO other_{i} SELECT n, md5(n::text), 'b', n % 10, now() FROM generate_series(1, 1000) n");
            await command.ExecuteNonQueryAsync(Token);
        }

        await using var analyze = source.CreateCommand("VACUUM ANALYZE");
        analyze.CommandTimeout = 600;
        await analyze.ExecuteNonQueryAsync(Token);
    }
}
