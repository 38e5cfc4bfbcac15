using System.Diagnostics;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Measures calls on a plain table and on a hypertable with compressed chunks: 20 deployments with a check a minute. Times are printed,
/// none decides. AUTOSTACK_HYPERTABLE_DAYS sets the days.
/// </summary>
[OnTimescale]
[NonParallelizable]
[Explicit("measures times")]
public sealed class HypertableCostTests
{
    private const int Rounds = 7;

    private static readonly int Days =
        int.TryParse(Environment.GetEnvironmentVariable("AUTOSTACK_HYPERTABLE_DAYS"), out var days) ? days : 30;

    private readonly List<(Guid Id, Guid OwnerId)> deployments = [];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Calls_on_a_plain_table_and_a_hypertable()
    {
        await using var plain = await TestServer.Current.CreateDatabaseAsync(Token);
        await using var hyper = await TestServer.Current.CreateDatabaseAsync(Token);
        await FillAsync(plain);
        await FillAsync(hyper);
        await LibraryConnection.PrepareAsync(hyper.ConnectionString);
        await SizeAsync(plain, "plain: ", "pg_total_relation_size('deployment_health_checks')");
        await SizeAsync(hyper, "hypertable: ", "hypertable_size('deployment_health_checks')");
        await ExecuteAsync(hyper, "CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");
        await ExecuteAsync(
            hyper, "SELECT compress_chunk(c) FROM show_chunks('deployment_health_checks', older_than => interval '7 days') c");
        await SizeAsync(hyper, "compressed: ", "hypertable_size('deployment_health_checks')");
        await SizeAsync(hyper, "the hours: ", "hypertable_size('deployment_health_hours')");
        foreach (var database in new[] { plain, hyper })
        {
            await ExecuteAsync(database, "VACUUM ANALYZE");
        }

        await using var onPlain = Connect(plain);
        await using var onHyper = Connect(hyper);
        foreach (var (name, calls, call) in Calls())
        {
            var times = new[] { new List<double>(), [] };
            for (var round = -1; round < Rounds; round++)
            {
                foreach (var (provider, n) in new[] { (onPlain, 0), (onHyper, 1) })
                {
                    var started = Stopwatch.GetTimestamp();
                    for (var i = 0; i < calls; i++)
                    {
                        await call(provider, i);
                    }

                    times[n].Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds / calls);
                }
            }

            // The first round warms up.
            var medians = times.Select(time => time.Skip(1).Order().ElementAt(Rounds / 2)).ToList();
            await TestContext.Out.WriteLineAsync(FormattableString.Invariant(
                $"{name,-32} {medians[0],9:0} µs {medians[1],9:0} µs {medians[1] / medians[0],6:0.00}"));
        }
    }

    private IEnumerable<(string Name, int Calls, Func<ServiceProvider, int, Task> Call)> Calls()
    {
        var now = DateTimeOffset.UtcNow;
        yield return ("the latest check", 200, (services, n) => Of(services).FindLatestAsync(At(n).Id, At(n).OwnerId, Token));
        yield return ("the latest 20 checks", 200, (services, n) => Of(services).ListLatestAsync(At(n).Id, At(n).OwnerId, 20, Token));
        yield return ("the latest check, of none", 200, (services, _) =>
            Of(services).FindLatestAsync(Guid.NewGuid(), At(0).OwnerId, Token));
        yield return ("uptime of all days", 20, (services, n) =>
            Of(services).FindUptimeAsync(At(n).Id, At(n).OwnerId, new TimeRange(now.AddDays(-Days), now), Token));
        yield return ("history of a week by the hour", 20, (services, n) => Of(services).ListHistoryAsync(
            At(n).Id, At(n).OwnerId, new TimeRange(now.Date.AddDays(-7), now), TimeSpan.FromHours(1), Token));
        yield return ("consecutive failures", 200, (services, n) => ForMonitors(services).CountConsecutiveFailuresAsync(At(n).Id, Token));
        yield return ("a check stored", 200, (services, n) => ForMonitors(services).AddAsync(New(n), Token));
        yield return ("a check stored, with an id", 200, (services, n) =>
            ForMonitors(services).AddAsync(New(n) with { Id = Guid.CreateVersion7() }, Token));
        yield return ("100 checks stored", 20, (services, n) =>
            ForMonitors(services).AddManyAsync([.. Enumerable.Range(0, 100).Select(New)], Token));
        yield return ("100 checks stored, with ids", 20, (services, n) => ForMonitors(services).AddManyAsync(
            [.. Enumerable.Range(0, 100).Select(i => New(i) with { Id = Guid.CreateVersion7() })], Token));
    }

    private static IDeploymentHealthCheckRepository Of(ServiceProvider services) =>
        services.GetRequiredService<IDeploymentHealthCheckRepository>();

    private static IPlatformDeploymentHealthCheckRepository ForMonitors(ServiceProvider services) =>
        services.GetRequiredService<IPlatformDeploymentHealthCheckRepository>();

    private NewDeploymentHealthCheck New(int n) => new() { DeploymentId = At(n).Id, Url = "http://a", IsLive = true, LatencyMs = n };

    private (Guid Id, Guid OwnerId) At(int n) => deployments[n % deployments.Count];

    private static ServiceProvider Connect(TestDatabase database) => new ServiceCollection()
        .AddAutoStackData(database.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();

    // The same ids in both databases.
    private async Task FillAsync(TestDatabase database)
    {
        await ExecuteAsync(database, $$"""
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES (md5('u')::uuid, 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            VALUES (md5('p')::uuid, md5('u')::uuid, 'Site', 'ada/site', now(), now());
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT md5(n::text)::uuid, md5('p')::uuid, md5('u')::uuid, 'success', now() FROM generate_series(1, 20) n;
            INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
            SELECT gen_random_uuid(), d.id, 'https://site.example.com/health', 200, (20 + 100 * random())::int, random() < 0.99,
                timezone('UTC', now()) - n * interval '1 minute'
            FROM generate_series(1, {{Days}} * 1440) n, deployments d;
            """);
        if (deployments.Count == 0)
        {
            await using var source = NpgsqlDataSource.Create(database.ConnectionString);
            await using var command = source.CreateCommand("SELECT id, user_id FROM deployments ORDER BY id");
            await using var reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token))
            {
                deployments.Add((reader.GetGuid(0), reader.GetGuid(1)));
            }
        }
    }

    private static async Task SizeAsync(TestDatabase database, string title, string size)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand($"SELECT pg_size_pretty({size}::bigint)");
        await TestContext.Out.WriteLineAsync($"{title}{await command.ExecuteScalarAsync(Token)}");
    }

    private static async Task ExecuteAsync(TestDatabase database, string sql)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 600 };
        await command.ExecuteNonQueryAsync(Token);
    }
}
