using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>
/// Measures what searches and COPY cost with the features and without. Runs by its name only; AUTOSTACK_SEARCH_ROWS sets the number of
/// lines and messages.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class SearchCostTests
{
    private const int Rounds = 7;
    private const int Logs = 200;

    private static readonly string[] Lines =
    [
        "src/components/Button{0}.tsx  {1} kB │ gzip: 3.{1} kB", "added package node_modules/left-pad-{0} in {1} ms",
        "\u001B[33mwarning\u001B[0m unused variable 'value{0}' at line {1} of src/pages/index{1}.spec.ts",
        "✓ {1} modules transformed, {0} assets",
        "#1{1} extracting sha256:{0}f0e1d2c3b4a5968778695a4b3c2d1e0f", "Step {1}/20 : RUN make build target-{0} --jobs {1}",
    ];

    private static readonly int Rows =
        int.TryParse(Environment.GetEnvironmentVariable("AUTOSTACK_SEARCH_ROWS"), CultureInfo.InvariantCulture, out var rows)
            ? rows : 200_000;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Searches_and_copies_with_and_without_the_indexes()
    {
        await using var plain = await TestServer.Current.CreateDatabaseAsync();
        await using var indexed = await TestServer.Current.CreateDatabaseAsync();
        await WithSearch.EnableAsync(indexed.ConnectionString);
        await TestContext.Out.WriteLineAsync(
            $"PostgreSQL {TestServer.Current.ServerVersion}, {Rows} lines, half of them in one log and half in {Logs}; {Rows} messages");
        foreach (var database in new[] { plain, indexed })
        {
            await FillAsync(database.ConnectionString);
        }

        await using var without = Host(plain.ConnectionString);
        await using var with = Host(indexed.ConnectionString);
        var ownerId = Guid.Parse("00000000-0000-7000-8000-000000000001");
        var longest = Guid.Parse("00000000-0000-7000-8000-000000000000");
        foreach (var (name, text) in new[] { ("nothing", "needle"), ("rare", "Button777."), ("common", "modules"), ("short", "zq") })
        {
            await CompareAsync($"over all logs, {name}", without, with, async host =>
            {
                var found = 0;
                for (Cursor? next = Cursor.Start; next is { } cursor && found < 100;)
                {
                    var page = await host.GetRequiredService<IDeploymentLogSearch>()
                        .SearchAsync(ownerId, text, LogSearchScope.All, cursor, 100, Token);
                    (next, found) = (page.Next, found + page.Items.Count);
                }

                return found;
            });
            await CompareAsync($"one log, {name}", without, with, async host => (await host.GetRequiredService<IDeploymentLogRepository>()
                .SearchAsync(longest, ownerId, text, Cursor.Start, 100, Token)).Items.Count);
            await CompareAsync($"messages, {name}", without, with, async host => (await host.GetRequiredService<IDeploymentQueries>()
                .ListAsync(ownerId, new DeploymentFilter { CommitMessage = text }, Cursor.Start, 50, Token)).Items.Count);
        }

        await CompareCopyAsync(plain.ConnectionString, indexed.ConnectionString, Rows / 4);
        foreach (var index in new[] { "deployment_logs_search_idx", "deployments_commit_message_search_idx" })
        {
            var bytes = await ScalarAsync<long>(indexed.ConnectionString, $"SELECT pg_relation_size('{index}')");
            await TestContext.Out.WriteLineAsync($"{index}: {bytes / 1048576.0:F1} MB");
        }
    }

    private static ServiceProvider Host(string connectionString) => new ServiceCollection()
        .AddAutoStackData(options => (options.ConnectionString, options.LogSearchTime) = (connectionString, TimeSpan.FromSeconds(30)))
        .AddAutoStackDataWorkers().BuildServiceProvider();

    private static async Task CompareAsync(
        string name, ServiceProvider without, ServiceProvider with, Func<ServiceProvider, Task<int>> run)
    {
        var (plain, indexed, found) = (new List<double>(), new List<double>(), 0);
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (host, times) in new[] { (without, plain), (with, indexed) })
            {
                var started = Stopwatch.GetTimestamp();
                found = await run(host);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        await TestContext.Out.WriteLineAsync($"{name} ({found} found): {Median(plain):F1} ms without, {Median(indexed):F1} ms with");
    }

    private static async Task CompareCopyAsync(string plain, string indexed, int lines)
    {
        var (without, with) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            without.Add(await CopyAsync(plain, lines, round));
            with.Add(await CopyAsync(indexed, lines, round));
        }

        await TestContext.Out.WriteLineAsync(
            $"COPY of {lines} lines: {Median(without):F0} ms without, {Median(with):F0} ms with, " +
            $"{Median(with) / Median(without):F2} times");
    }

    private static async Task<double> CopyAsync(string connectionString, int lines, int round)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Token);
        var started = Stopwatch.GetTimestamp();
        await using (var copy = await connection.BeginBinaryImportAsync(
            "COPY deployment_logs (id, deployment_id, message) FROM STDIN (FORMAT binary)", Token))
        {
            for (var n = 0; n < lines; n++)
            {
                await copy.StartRowAsync(Token);
                await copy.WriteAsync(Guid.CreateVersion7(), Token);
                await copy.WriteAsync(Guid.Parse($"00000000-0000-7000-8000-{1 + (n * Logs / lines):D12}"), Token);
                await copy.WriteAsync(Line((round * lines) + n), Token);
            }

            await copy.CompleteAsync(Token);
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static string Line(int n) =>
        string.Format(CultureInfo.InvariantCulture, Lines[n % Lines.Length], n / Lines.Length, n % 97);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    // A deployment per message; the lines are in the first of them, half of all lines in the very first.
    private static async Task FillAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            INSERT INTO users (id, name, email, created_at, updated_at)
            VALUES ('00000000-0000-7000-8000-000000000001', 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT id, id, 'Site', 'ada/site', now(), now() FROM users;
            """);
        await command.ExecuteNonQueryAsync(Token);
        await using var fill = source.CreateCommand("""
            INSERT INTO deployments (id, project_id, user_id, status, commit_message, created_at)
            SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, u.id, u.id, 'success', t.text,
                '2026-01-01'::timestamp + n * interval '1 s'
            FROM users u, unnest($1) WITH ORDINALITY AS t (text, place)
            CROSS JOIN LATERAL (SELECT t.place - 1 AS n) p
            """);
        fill.Parameters.Add(new NpgsqlParameter { Value = Enumerable.Range(0, Rows).Select(Line).ToArray() });
        fill.CommandTimeout = 0;
        await fill.ExecuteNonQueryAsync(Token);
        await using var logs = source.CreateCommand("""
            INSERT INTO deployment_logs (deployment_id, message)
            SELECT ('00000000-0000-7000-8000-'
                || lpad((CASE WHEN place % 2 = 0 THEN 0 ELSE 1 + place % 200 END)::text, 12, '0'))::uuid, t.text
            FROM unnest($1) WITH ORDINALITY AS t (text, place)
            ORDER BY 1, place
            """);
        logs.Parameters.Add(new NpgsqlParameter { Value = Enumerable.Range(0, Rows).Select(Line).ToArray() });
        logs.CommandTimeout = 0;
        await logs.ExecuteNonQueryAsync(Token);
        await using var analyze = source.CreateCommand("VACUUM ANALYZE");
        analyze.CommandTimeout = 0;
        await analyze.ExecuteNonQueryAsync(Token);
    }

    private static async Task<T> ScalarAsync<T>(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
