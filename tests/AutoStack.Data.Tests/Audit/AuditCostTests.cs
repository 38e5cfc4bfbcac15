using System.Globalization;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Audit;

/// <summary>
/// Measures the processor time of the server per insert, update and delete of each audited table, without and with the feature, in turn.
/// Times are printed, none decides. AUTOSTACK_AUDIT_ROWS sets the rows of a round, AUTOSTACK_AUDIT_ROUNDS the rounds.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
[Platform("Linux")]
public sealed class AuditCostTests
{
    private static readonly int Rows = Setting("AUTOSTACK_AUDIT_ROWS", 300);
    private static readonly int Rounds = Setting("AUTOSTACK_AUDIT_ROUNDS", 7);

    // A row of each table, which the rows of the setup own, and a change of it.
    private static readonly (string Table, string Insert, string Update)[] Statements =
    [
        ("users", "(id, name, email) VALUES ($1, 'Ada', $1::text)", "name = 'Ada L.', updated_at = now()"),
        ("user_preferences", "", "theme = left($1::uuid::text, 20)"),
        ("github_connections", "", "github_access_token = $1::uuid::text"),
        ("sessions", "(id, user_id, token, expires_at) SELECT $1, id, $1::text, now() FROM users WHERE name = 'Owner'",
            "rotated_at = now()"),
        ("password_reset_tokens", "(id, user_id, token_hash, expires_at) SELECT $1, id, 'x', now() FROM users WHERE name = 'Owner'",
            "used_at = now()"),
        ("projects", "(id, user_id, name, repository) SELECT $1, id, $1::text, 'ada/site' FROM users WHERE name = 'Owner'",
            "branch = 'next', updated_at = now()"),
        ("deployments",
            "(id, user_id, project_id, status, created_at) SELECT $1, user_id, id, 'success', now() FROM projects WHERE name = 'site'",
            "is_deleted = TRUE"),
        ("deployment_containers",
            "(id, deployment_id, container_id, image, host, port) "
                + "SELECT $1, id, 'c', 'i', $1::text, 1 FROM deployments WHERE branch = 'own'",
            "status = 'stopped', stopped_at = now()"),
        ("webhook_payloads", "(id, provider, payload_json, headers) VALUES ($1, 'github', '{\"a\": 1}', '{}')", "provider = 'gitlab'"),
    ];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private sealed record Way(string Name, NpgsqlConnection Connection, ServiceProvider Services) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Connection.DisposeAsync();
            await Services.DisposeAsync();
        }
    }

    [Test]
    public async Task Changes_without_and_with_the_feature()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions(), Token);
        await using var plain = await server.CreateDatabaseAsync(Token);
        await using var audited = await server.CreateDatabaseAsync(Token);
        await new SchemaMigrator(audited.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);
        await using var raw = NpgsqlDataSource.Create(server.ConnectionString);
        await using var without = await ConnectAsync("without", plain.ConnectionString);
        await using var with = await ConnectAsync("with", audited.ConnectionString);
        Way[] ways = [without, with];

        await TestContext.Out.WriteLineAsync("µs of the server per statement: without | with | factor");
        foreach (var (table, insert, update) in Statements)
        {
            // A user has one row of some tables, which is there already.
            await MeasureAsync(raw, ways, table, insert.Length == 0
                ? [("update", $"UPDATE {table} SET {update}")]
                : [
                    ("insert", $"INSERT INTO {table} {insert}"), ("update", $"UPDATE {table} SET {update} WHERE id = $1"),
                    ("delete", $"DELETE FROM {table} WHERE id = $1"),
                ]);
        }

        await MeasureBuildsAsync(raw, ways);
        await using var size = new NpgsqlCommand("""
            SELECT (sum(pg_total_relation_size(i.inhrelid)) / (SELECT count(*) FROM autostack_audit.changes))::bigint
            FROM pg_inherits i WHERE i.inhparent = 'autostack_audit.changes'::regclass
            """, with.Connection);
        await TestContext.Out.WriteLineAsync($"bytes per entry, with indexes: {await size.ExecuteScalarAsync(Token)}");
    }

    private static async Task MeasureAsync(NpgsqlDataSource raw, Way[] ways, string table, (string Verb, string Sql)[] steps)
    {
        var costs = new Dictionary<(string Verb, string Way), List<double>>();
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var way in round % 2 == 0 ? ways : [.. ways.Reverse()])
            {
                var ids = Enumerable.Range(0, Rows).Select(_ => Guid.CreateVersion7()).ToList();
                foreach (var (verb, sql) in steps)
                {
                    var before = await CpuAsync(raw, way.Name);
                    await using var command = new NpgsqlCommand(sql, way.Connection);
                    var id = new NpgsqlParameter<Guid>();
                    command.Parameters.Add(id);
                    await command.PrepareAsync(Token);
                    foreach (var one in ids)
                    {
                        id.TypedValue = one;
                        await command.ExecuteNonQueryAsync(Token);
                    }

                    if (round >= 0)
                    {
                        Add(costs, (verb, way.Name), (await CpuAsync(raw, way.Name) - before) / 1000.0 / Rows);
                    }
                }
            }
        }

        foreach (var (verb, _) in steps)
        {
            await PrintAsync($"{table} {verb}", Median(costs[(verb, ways[0].Name)]), Median(costs[(verb, ways[1].Name)]));
        }
    }

    // The calls of the library that write the most.
    private static async Task MeasureBuildsAsync(NpgsqlDataSource raw, Way[] ways)
    {
        var costs = new Dictionary<(string Verb, string Way), List<double>>();
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var way in round % 2 == 0 ? ways : [.. ways.Reverse()])
            {
                if (round == 0)
                {
                    // Plans for empty tables cost more than the trigger.
                    await using var analyze = new NpgsqlCommand("ANALYZE", way.Connection);
                    await analyze.ExecuteNonQueryAsync(Token);
                }

                var user = await way.Services.GetRequiredService<IUserRepository>().AddAsync(
                    new NewUser { Name = "Ada", Email = $"{Guid.NewGuid():N}@example.com" }, Token);
                var project = await way.Services.GetRequiredService<IProjectRepository>().AddAsync(
                    new NewProject { UserId = user.Id, Name = "p", Repository = "ada/site" }, Token);
                var deployments = way.Services.GetRequiredService<IDeploymentRepository>();
                var lifecycle = way.Services.GetRequiredService<IDeploymentLifecycle>();
                var claims = new List<DeploymentClaim>();
                foreach (var (verb, call) in new (string, Func<int, Task>)[]
                {
                    ("enqueue", _ => deployments.EnqueueAsync(new() { ProjectId = project.Id, UserId = user.Id }, Token)),
                    ("claim", async _ => claims.Add((await lifecycle.ClaimNextAsync(Token))!.Claim)),
                    ("step", n => lifecycle.AdvanceAsync(claims[n], DeploymentStatus.Building, Token)),
                    ("success", n => lifecycle.SucceedAsync(claims[n], null, Token)),
                })
                {
                    var before = await CpuAsync(raw, way.Name);
                    for (var n = 0; n < Rows; n++)
                    {
                        await call(n);
                    }

                    if (round >= 0)
                    {
                        Add(costs, (verb, way.Name), (await CpuAsync(raw, way.Name) - before) / 1000.0 / Rows);
                    }
                }
            }
        }

        foreach (var verb in new[] { "enqueue", "claim", "step", "success" })
        {
            await PrintAsync($"library {verb}", Median(costs[(verb, ways[0].Name)]), Median(costs[(verb, ways[1].Name)]));
        }
    }

    private static Task PrintAsync(string what, double without, double with) => TestContext.Out.WriteLineAsync(
        string.Create(CultureInfo.InvariantCulture, $"{what,-34} {without,7:0} | {with,7:0} | {with / without:0.00}"));

    private static void Add(Dictionary<(string, string), List<double>> costs, (string, string) key, double cost)
    {
        if (!costs.TryGetValue(key, out var known))
        {
            costs[key] = known = [];
        }

        known.Add(cost);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static async Task<Way> ConnectAsync(string name, string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = name, Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(Token);
        await using var fill = new NpgsqlCommand("""
            INSERT INTO users (name, email) VALUES ('Owner', 'owner@example.com');
            INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM users;
            INSERT INTO user_preferences (user_id) SELECT id FROM users;
            INSERT INTO github_connections (user_id, github_access_token) SELECT id, 'x' FROM users;
            INSERT INTO deployments (user_id, project_id, status, branch, created_at)
            SELECT user_id, id, 'success', 'own', now() FROM projects;
            """, connection);
        await fill.ExecuteNonQueryAsync(Token);
        settings.Pooling = true;
        return new Way(name, connection, new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize, options.MaxPoolSize) =
                (settings.ConnectionString, 1, 1))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider());
    }

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

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var given) ? given : otherwise;
}
