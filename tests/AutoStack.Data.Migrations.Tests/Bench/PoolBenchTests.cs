using System.Text.Json;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Bench;

/// <summary>The verb on a database that belongs to somebody else. No figure that it measures is looked at: the machine may be busy.</summary>
public sealed class PoolBenchTests : MigrationTests
{
    private const string Secret = "s3cret-pass";

    private static readonly string[] Short = Pools(rate: 40, seconds: 1);

    // All that could be left behind: schemas, relations, functions, extensions, and rows of tables that are the operator's.
    private const string Everything = """
        SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
        UNION ALL SELECT 'relation ' || relname || relkind::text FROM pg_class WHERE relpersistence <> 't'
        UNION ALL SELECT 'function ' || proname FROM pg_proc
        UNION ALL SELECT 'extension ' || extname FROM pg_extension
        UNION ALL SELECT 'rows ' || (SELECT count(*) FROM users) || ' ' || (SELECT count(*) FROM deployments) || ' ' || (SELECT count(*) FROM deployment_logs)
        ORDER BY 1
        """;

    private const string SessionsOfTheLoad = $"FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'autostack-db {BenchDatabase.SchemaPrefix}%'";

    [SetUp]
    public async Task MigrateAsync()
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync("""
            INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com');
            INSERT INTO projects (id, user_id, name, repository) SELECT gen_random_uuid(), id, 'site', 'r' FROM users;
            INSERT INTO deployments (id, project_id, user_id) SELECT gen_random_uuid(), id, user_id FROM projects;
            INSERT INTO deployment_logs (id, deployment_id, message) SELECT gen_random_uuid(), id, 'm' FROM deployments
            """);
    }

    [Test]
    public async Task A_run_leaves_nothing_behind_and_tells_what_it_found()
    {
        using var place = new Workplace();
        var before = await ListAsync(Everything);

        var run = await ConsoleRun.StartAsync([.. Short, "--json", "--output", "out", "--instances", "6", "--p99", "60000"], place.Root, ConnectionString, cancellationToken: Token);

        var json = run.Json;
        var point = json.GetProperty("points")[0];
        var recommended = json.GetProperty("recommendation");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
            Assert.That(Names(json), Is.EqualTo(new[]
            {
                "server", "mix", "durationSeconds", "warmupSeconds", "seed", "instances", "p99AskedMs", "saturation", "points", "recommendation", "closestToP99", "warnings", "files",
            }));
            Assert.That(Names(json.GetProperty("server")), Is.EqualTo(new[] { "version", "own", "maxConnections", "reserved", "others", "free" }));
            Assert.That(Names(point), Is.EqualTo(new[]
            {
                "poolSize", "rate", "arrivals", "throughput", "wait", "execution", "total", "lateStartP99Ms", "timeouts", "refused", "errors", "meetsP99",
            }));
            Assert.That(Names(point.GetProperty("total")), Is.EqualTo(new[] { "p50Ms", "p99Ms", "maxMs" }));
            Assert.That(Names(point.GetProperty("wait")), Is.EqualTo(new[] { "p50Ms", "p99Ms" }));
            Assert.That(json.GetProperty("points").EnumerateArray().Select(p => (p.GetProperty("poolSize").GetInt32(), p.GetProperty("rate").GetDouble())),
                Is.EqualTo(new[] { (1, 40d), (3, 40d) }));
            Assert.That(json.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("arrivals").GetInt32()).Distinct().Count(), Is.EqualTo(1), "both pools get the same load");
            Assert.That(json.GetProperty("points").EnumerateArray().Sum(p => p.GetProperty("errors").EnumerateObject().Count()), Is.Zero);
            Assert.That(Names(recommended), Is.EqualTo(new[]
            {
                "poolSize", "rate", "throughput", "p99Ms", "bestThroughput", "connectionString", "passwordLeftOut", "connectionsNeeded",
            }));
            Assert.That(new NpgsqlConnectionStringBuilder(recommended.GetProperty("connectionString").GetString()).MaxPoolSize,
                Is.EqualTo(recommended.GetProperty("poolSize").GetInt32()));
            Assert.That(run.Error, Does.Contain("is made now and dropped at the end").And.Contain("about 2 s").And.Contain("2/2"));
            Assert.That(Directory.EnumerateFiles(Path.Combine(place.Root, "out")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
                Is.EqualTo(new[] { "pool.csv", "pool.json", "throughput.svg", "total-p99.svg", "wait-p99.svg" }));
            Assert.That(json.GetProperty("files")[0].GetString(), Is.EqualTo(Path.Combine("out", "pool.json")));
            Assert.That(JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(place.Root, "out", "pool.json"), Token)).RootElement.ToString(), Is.EqualTo(json.ToString()));
        }
    }

    [TestCase]
    [TestCase("--rates", "auto")]
    public async Task A_run_for_people_prints_a_table_and_finds_the_rates_itself(params string[] rates)
    {
        var run = await ConsoleRun.StartAsync(
            ["bench", "pool", "--pool-sizes", "2", "--duration", "1", "--warmup", "0", "--mix", "by-id=1", "--p99", "60000", .. rates], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("offered/s").And.Contain("wait p50").And.Contain("Maximum Pool Size=2").And.Contain("Load: by-id=1"));
        Assert.That(run.Error, Does.Contain("saturation  pool    2"));
    }

    [Test]
    public async Task A_run_that_is_cancelled_leaves_nothing_behind()
    {
        var before = await ListAsync(Everything);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var running = ConsoleRun.StartAsync([.. Pools(rate: 500, seconds: 600), "--json"], connection: ConnectionString, cancellationToken: stop.Token);
        await UntilLoadAsync();
        await stop.CancelAsync();
        var run = await running;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("cancelled"));
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
            Assert.That(await ScalarAsync<long>($"SELECT count(*) {SessionsOfTheLoad}"), Is.Zero);
        }
    }

    [Test]
    public async Task A_run_that_is_cancelled_while_it_fills_its_tables_leaves_nothing_behind()
    {
        var before = await ListAsync(Everything);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var obstacle = await HoldAsync("LOCK TABLE pg_catalog.pg_namespace IN EXCLUSIVE MODE");

        var running = ConsoleRun.StartAsync(Short, connection: ConnectionString, cancellationToken: stop.Token);
        await UntilMigratorWaitsForTableAsync();
        await stop.CancelAsync();
        obstacle.Release();
        var run = await running;

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(await ListAsync(Everything), Is.EqualTo(before));
    }

    [Test]
    public async Task A_run_whose_connections_the_server_ends_counts_errors_and_leaves_nothing_behind()
    {
        var before = await ListAsync(Everything);

        var running = ConsoleRun.StartAsync([.. Pools(rate: 500, seconds: 4), "--json"], connection: ConnectionString, cancellationToken: Token);
        await UntilLoadAsync();
        for (var ended = 0L; ended < 10;)
        {
            // Amid a statement, so that it is lost with its connection. Several: the first may still have prepared its statements.
            ended += await ScalarAsync<long>($"SELECT count(pg_terminate_backend(pid)) {SessionsOfTheLoad} AND state = 'active'");
        }

        // And the session that holds the run's lock.
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{MigratorName}'");
        var run = await running;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Json.GetProperty("points").EnumerateArray().SelectMany(p => p.GetProperty("errors").EnumerateObject()), Is.Not.Empty);
            Assert.That(run.Json.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()), Has.One.StartsWith("Statements failed"));
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task What_a_killed_run_left_behind_the_next_one_removes()
    {
        var before = await ListAsync(Everything);
        using (var process = ConsoleProcess.Start(ConnectionString, Pools(rate: 500, seconds: 600)))
        {
            await UntilLoadAsync();
            await process.KillAsync(Token);
        }

        await UntilAsync($"SELECT NOT EXISTS (SELECT {SessionsOfTheLoad} OR (datname = current_database() AND application_name = '{MigratorName}'))");
        Assert.That(await ListAsync(Everything), Is.Not.EqualTo(before));
        await ExecuteAsync($"CREATE SCHEMA {BenchDatabase.SchemaPrefix}0123456789abcdef");
        var run = await ConsoleRun.StartAsync(Short, connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero);
        Assert.That(run.Error, Does.Contain("Removed what 1 killed run had left behind"));
        Assert.That(await ListAsync(Everything), Is.EquivalentTo(before.Append($"schema {BenchDatabase.SchemaPrefix}0123456789abcdef")), "one that only has such a name is somebody else's");
    }

    [Test]
    public async Task What_another_run_works_with_stays()
    {
        var running = ConsoleRun.StartAsync(Pools(rate: 500, seconds: 5), connection: ConnectionString, cancellationToken: Token);
        await UntilLoadAsync();
        var second = await ConsoleRun.StartAsync(Short, connection: ConnectionString, cancellationToken: Token);
        var first = await running;

        Assert.That((first.Code, second.Code), Is.EqualTo((0, 0)), first.Error);
        Assert.That(first.Output, Does.Not.Contain("42P01"));
        Assert.That(second.Error, Does.Not.Contain("Removed"));
    }

    [Test]
    public async Task A_load_beyond_what_the_pool_carries_is_counted_and_ends()
    {
        await using var database = await BenchDatabase.ConnectAsync(new MigrationServer(ConnectionString), ConnectionString, TimeSpan.Zero, new Recorder(), Token);
        var workload = await database.FillAsync(Token);
        await using var pool = database.OpenPool(1);
        await using var taken = await pool.OpenConnectionAsync(Token);
        var arrivals = Enumerable.Range(0, LoadGenerator.MaxBacklog + 100).Select(i => new Arrival(TimeSpan.Zero, LoadStatement.ById, i));

        var result = await new LoadGenerator(pool, workload).RunAsync(arrivals, TimeSpan.Zero, TimeSpan.FromMinutes(1), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((result.Arrivals, result.Timeouts, result.Refused), Is.EqualTo((LoadGenerator.MaxBacklog + 100, LoadGenerator.MaxBacklog, 100)));
            Assert.That((result.Throughput, result.Errors.Count), Is.EqualTo((0d, 0)));
            Assert.That(result.Total.Quantile(0.5), Is.Null);
        }
    }

    [Test]
    public async Task A_role_that_may_not_make_a_schema_is_told_what_is_missing()
    {
        var role = $"bench_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{Secret}'");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = Secret, Pooling = false }.ConnectionString;

            var run = await ConsoleRun.StartAsync(Short, connection: connection, cancellationToken: Token);

            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Error, Does.Contain("needs the right CREATE on the database"));
        }
        finally
        {
            await ExecuteAsync($"DROP ROLE {role}");
        }
    }

    [Test]
    public async Task The_password_is_in_nothing_that_a_run_leaves()
    {
        using var place = new Workplace();
        var role = $"bench_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{Secret}'");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = Secret, Pooling = false };
            var uri = $"postgresql://{role}:{Secret}@{connection.Host}:{connection.Port}/{connection.Database}";
            foreach (var form in new[] { connection.ConnectionString, uri })
            {
                var run = await ConsoleRun.StartAsync([.. Short, "--p99", "60000", "--output", "out", "--connection", form], place.Root, cancellationToken: Token);

                Assert.That(run.Code, Is.Zero, run.Error);
                Assert.That(run.Output, Does.Contain("The password is left out.").And.Contain("Maximum Pool Size="));
                Assert.That(run.Output + run.Error, Does.Not.Contain(Secret));
                foreach (var file in Directory.EnumerateFiles(Path.Combine(place.Root, "out")))
                {
                    Assert.That(await File.ReadAllTextAsync(file, Token), Does.Not.Contain(Secret));
                }
            }
        }
        finally
        {
            await ExecuteAsync($"DROP ROLE {role}");
        }
    }

    [TestCase("--pool-sizes", "0")]
    [TestCase("--pool-sizes", "1,,2")]
    [TestCase("--pool-sizes", "1001")]
    [TestCase("--pool-sizes", "many")]
    [TestCase("--pool-sizes", "900")]
    [TestCase("--rates", "0")]
    [TestCase("--rates", "automatic")]
    [TestCase("--rates", "1e9")]
    [TestCase("--rates", "NaN")]
    [TestCase("--duration", "0")]
    [TestCase("--duration", "1.5")]
    [TestCase("--warmup", "-1")]
    [TestCase("--mix", "reads")]
    [TestCase("--mix", "by-id")]
    [TestCase("--mix", "by-id=0")]
    [TestCase("--mix", "by-id=1,by-id=2")]
    [TestCase("--p99", "0")]
    [TestCase("--instances", "0")]
    [TestCase("--seed", "-1")]
    [TestCase("--output", "file")]
    public async Task Wrong_usage_names_the_option(string option, string value)
    {
        using var place = new Workplace();
        await File.WriteAllTextAsync(Path.Combine(place.Root, "file"), "", Token);

        var run = await ConsoleRun.StartAsync(["bench", "pool", "--json", option, value], place.Root, ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("usage"));
            Assert.That(run.Error, Does.Contain(option));
            Assert.That(await ScalarAsync<long>($"SELECT count(*) FROM pg_namespace WHERE nspname LIKE '{BenchDatabase.SchemaPrefix}%'"), Is.Zero);
        }
    }

    private static string[] Pools(int rate, int seconds) =>
        ["bench", "pool", "--pool-sizes", "1,3", "--rates", $"{rate}", "--duration", $"{seconds}", "--warmup", "0"];

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(member => member.Name);

    private Task UntilLoadAsync() => UntilAsync($"SELECT EXISTS (SELECT {SessionsOfTheLoad} AND state = 'active')");
}
