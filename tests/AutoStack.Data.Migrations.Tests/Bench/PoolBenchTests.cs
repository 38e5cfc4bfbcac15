using System.Text.Json;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Bench;

/// <summary><c>bench pool</c> on somebody else's database. No test looks at a measured figure, since the machine may be busy.</summary>
public sealed class PoolBenchTests : MigrationTests
{
    private const string Secret = "s3cret-pass";

    private static readonly string[] Short = Run("1,3", rate: 200, duration: 1);

    // Everything that could be left behind: schemas, relations, functions, extensions, and rows in the operator's tables.
    private const string Everything = """
        SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'
        UNION ALL SELECT 'relation ' || relname || relkind::text FROM pg_class WHERE relpersistence <> 't'
        UNION ALL SELECT 'function ' || proname FROM pg_proc
        UNION ALL SELECT 'extension ' || extname FROM pg_extension
        UNION ALL SELECT 'users ' || count(*) FROM users
        UNION ALL SELECT 'deployments ' || count(*) FROM deployments
        UNION ALL SELECT 'lines ' || count(*) FROM deployment_logs
        ORDER BY 1
        """;

    private const string SessionsOfTheLoad = $"""
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'autostack-db {BenchDatabase.SchemaPrefix}%'
        """;

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
    public async Task A_run_leaves_nothing_behind_and_reports_its_points()
    {
        using var place = new Workplace();
        var before = await ListAsync(Everything);

        var run = await ConsoleRun.StartAsync(
            [.. Short, "--json", "--output", "out", "--instances", "2", "--p99", "60000"],
            place.Root,
            ConnectionString,
            cancellationToken: Token);

        var json = run.Json;
        var points = json.GetProperty("points").EnumerateArray().ToList();
        var point = points[0];
        var recommended = json.GetProperty("recommendation");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero);
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
            Assert.That(Names(json), Is.EqualTo(new[]
            {
                "server", "mix", "durationSeconds", "warmupSeconds", "seed", "instances", "p99AskedMs", "saturation", "points",
                "recommendation", "closestToP99", "warnings", "files", "repeats",
            }));
            Assert.That(Names(json.GetProperty("server")), Is.EqualTo(new[]
            {
                "version", "own", "maxConnections", "reserved", "others", "free",
            }));
            Assert.That(Names(point), Is.EqualTo(new[]
            {
                "poolSize", "rate", "arrivals", "throughput", "wait", "execution", "total", "lateStartP99Ms", "timeouts", "refused",
                "errors", "meetsP99", "runs",
            }));
            Assert.That(Names(point.GetProperty("total")), Is.EqualTo(new[] { "p50Ms", "p99Ms", "maxMs" }));
            Assert.That(Names(point.GetProperty("wait")), Is.EqualTo(new[] { "p50Ms", "p99Ms" }));
            Assert.That(points.Select(p => (p.GetProperty("poolSize").GetInt32(), p.GetProperty("rate").GetDouble())),
                Is.EqualTo(new[] { (1, 200d), (3, 200d) }));
            Assert.That(points.Select(p => p.GetProperty("arrivals").GetInt32()).Distinct().Count(), Is.EqualTo(1),
                "both pools get the same load");
            Assert.That(point.GetProperty("arrivals").GetInt32(), Is.Positive);
            Assert.That(Errors(run), Is.Empty);
            Assert.That(Names(recommended), Is.EqualTo(new[]
            {
                "poolSize", "rate", "throughput", "p99Ms", "bestThroughput", "connectionString", "passwordLeftOut",
                "connectionsNeeded", "smallestPoolSize", "largestPoolSize", "ratePerInstance",
            }));
            Assert.That(new NpgsqlConnectionStringBuilder(recommended.GetProperty("connectionString").GetString()).MaxPoolSize,
                Is.EqualTo(recommended.GetProperty("poolSize").GetInt32()));
            Assert.That(run.Error, Does.Contain("dropped at the end").And.Contain("2 points, 3 times each").And.Contain("6/6"));
            Assert.That(point.GetProperty("runs").GetArrayLength(), Is.EqualTo(3));
            Assert.That(recommended.GetProperty("ratePerInstance").GetDouble(), Is.EqualTo(100));
            Assert.That(Directory.EnumerateFiles(Path.Combine(place.Root, "out")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
                Is.EqualTo(new[] { "pool.csv", "pool.json", "throughput.svg", "total-p99.svg", "wait-p99.svg" }));
            Assert.That(json.GetProperty("files")[0].GetString(), Is.EqualTo(Path.Combine("out", "pool.json")));
            Assert.That(JsonDocument.Parse(await ReadAsync("pool.json")).RootElement.ToString(), Is.EqualTo(json.ToString()));
        }

        Task<string> ReadAsync(string name) => File.ReadAllTextAsync(Path.Combine(place.Root, "out", name), Token);
    }

    [TestCase]
    [TestCase("--rates", "auto")]
    public async Task A_run_for_people_prints_a_table_and_finds_the_rates_itself(params string[] rates)
    {
        var run = await ConsoleRun.StartAsync(
            ["bench", "pool", "--pool-sizes", "2", "--duration", "1", "--warmup", "0", "--mix", "by-id=1", "--p99", "60000", .. rates],
            connection: ConnectionString,
            cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain("offered/s").And.Contain("wait p50").And.Contain("Maximum Pool Size=2"));
        Assert.That(run.Output, Does.Contain("Load: by-id=1"));
        Assert.That(run.Error, Does.Contain("saturation  pool    2"));
    }

    [Test]
    public async Task A_cancelled_run_leaves_nothing_behind()
    {
        var before = await ListAsync(Everything);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var running = ConsoleRun.StartAsync(
            [.. Run("3", rate: 500, duration: 3000), "--json"], connection: ConnectionString, cancellationToken: stop.Token);
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
    public async Task A_run_cancelled_while_it_creates_its_schema_leaves_nothing_behind()
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
    public async Task Connections_that_the_server_ends_count_as_errors_and_leave_nothing_behind()
    {
        var before = await ListAsync(Everything);

        var running = ConsoleRun.StartAsync(
            [.. Run("3", rate: 500, duration: 7), "--json"], connection: ConnectionString, cancellationToken: Token);
        await UntilLoadAsync();
        for (var round = 0; round < 60 && !running.IsCompleted; round++)
        {
            // Sessions that run a statement, so that the statement is lost; for three seconds, since the warm-up counts no failure.
            await ExecuteAsync($"SELECT pg_terminate_backend(pid) {SessionsOfTheLoad} AND state = 'active'");
            await Task.Delay(50, Token);
        }

        // And the session that holds the lock of the run.
        await ExecuteAsync($"""
            SELECT pg_terminate_backend(pid)
            FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = '{MigratorName}'
            """);
        var run = await running;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(Errors(run), Is.Not.Empty);
            Assert.That(run.Json.GetProperty("warnings").EnumerateArray().Select(w => w.GetString()),
                Has.One.StartsWith("Statements failed"));
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task The_next_run_removes_the_schema_of_a_killed_run()
    {
        var before = await ListAsync(Everything);
        using (var process = ConsoleProcess.Start(ConnectionString, Run("3", rate: 500, duration: 600)))
        {
            await UntilLoadAsync();
            await process.KillAsync(Token);
        }

        await UntilAsync(
            $"SELECT NOT EXISTS (SELECT {SessionsOfTheLoad} OR (datname = current_database() AND application_name = '{MigratorName}'))");
        Assert.That(await ListAsync(Everything), Is.Not.EqualTo(before));
        await ExecuteAsync($"CREATE SCHEMA {BenchDatabase.SchemaPrefix}0123456789abcdef");
        var run = await ConsoleRun.StartAsync(Short, connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero);
        Assert.That(run.Error, Does.Contain("Removed what 1 killed run had left behind"));
        Assert.That(await ListAsync(Everything), Is.EquivalentTo(before.Append($"schema {BenchDatabase.SchemaPrefix}0123456789abcdef")),
            "a schema that only has such a name is somebody else's");
    }

    [Test]
    public async Task The_schema_of_a_running_benchmark_stays()
    {
        var running = ConsoleRun.StartAsync(Run("3", rate: 500, duration: 5), connection: ConnectionString, cancellationToken: Token);
        await UntilLoadAsync();
        var second = await ConsoleRun.StartAsync(Short, connection: ConnectionString, cancellationToken: Token);
        var first = await running;

        Assert.That((first.Code, second.Code), Is.EqualTo((0, 0)), first.Error);
        Assert.That(first.Output, Does.Not.Contain("42P01"));
        Assert.That(second.Error, Does.Not.Contain("Removed"));
    }

    [Test]
    public async Task A_load_beyond_the_pool_is_counted_and_ends()
    {
        await using var database = await BenchDatabase.ConnectAsync(
            new MigrationServer(ConnectionString), ConnectionString, TimeSpan.Zero, new Recorder(), Token);
        var workload = await database.FillAsync(new BenchScale { Users = 1, DeploymentsWithLog = 1 }, Token);
        await using var pool = database.OpenPool(1, waitLimit: TimeSpan.FromSeconds(1));
        await using var taken = await pool.OpenConnectionAsync(Token);
        var arrivals = Enumerable.Range(0, LoadGenerator.MaxBacklog + 100).Select(i => new Arrival(TimeSpan.Zero, LoadStatement.ById, i));

        var result = await new LoadGenerator([pool], workload).RunAsync(arrivals, TimeSpan.Zero, TimeSpan.FromMinutes(1), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((result.Arrivals, result.Timeouts, result.Refused),
                Is.EqualTo((LoadGenerator.MaxBacklog + 100, LoadGenerator.MaxBacklog, 100)));
            Assert.That((result.Throughput, result.Errors.Count), Is.EqualTo((0d, 0)));
            Assert.That(result.Total.Quantile(0.5), Is.Null);
        }
    }

    [Test]
    public async Task A_role_that_may_not_create_a_schema_gets_the_missing_privilege_named()
    {
        await using var role = await TestRole.CreateAsync(this, "");

        var run = await ConsoleRun.StartAsync(Short, connection: role.Connection.ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("needs the privilege CREATE on the database"));
    }

    [Test]
    public async Task A_run_needs_no_privilege_on_the_tables_of_the_database()
    {
        var before = await ListAsync(Everything);
        await using var role = await TestRole.CreateAsync(this, "");
        await ExecuteAsync($"GRANT CREATE ON DATABASE {Database.Name} TO {role.Name}");

        var run = await ConsoleRun.StartAsync(
            [.. Short, "--json"], connection: role.Connection.ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(Errors(run), Is.Empty);
            Assert.That(await ListAsync(Everything), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task The_load_sends_no_notification_to_the_services_on_the_database()
    {
        await using var listener = await Raw.OpenConnectionAsync(Token);
        var notified = new List<string>();
        listener.Notification += (_, notification) => notified.Add(notification.Channel);
        await using (var listen = new NpgsqlCommand($"LISTEN {IDeploymentLogRepository.Channel}", listener))
        {
            await listen.ExecuteNonQueryAsync(Token);
        }

        var run = await ConsoleRun.StartAsync([.. Short, "--mix", "append-1=1"], connection: ConnectionString, cancellationToken: Token);
        await ExecuteAsync($"NOTIFY {IDeploymentLogRepository.Channel}, 'last'");
        await listener.WaitAsync(Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(notified, Has.Count.EqualTo(1), "only the one of this test");
    }

    [Test]
    public async Task A_run_without_a_database_starts_a_server_of_its_own()
    {
        var run = await ConsoleRun.StartAsync([.. Short, "--json"], cancellationToken: Token);
        if (run.Code == ExitCode.NoConnection && Environment.GetEnvironmentVariable("CI") is null or "")
        {
            Assert.Ignore(run.Error);
        }

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("server").GetProperty("own").GetBoolean(), Is.True);
        Assert.That(run.Error, Does.Contain("No database is given"));
    }

    [Test]
    public async Task The_password_is_in_no_output_and_no_file()
    {
        using var place = new Workplace();
        await using var role = await TestRole.CreateAsync(this, "SUPERUSER");
        var connection = role.Connection;
        var uri = $"postgresql://{role.Name}:{Secret}@{connection.Host}:{connection.Port}/{connection.Database}";
        foreach (var form in new[] { connection.ConnectionString, uri })
        {
            var run = await ConsoleRun.StartAsync(
                [.. Short, "--p99", "60000", "--output", "out", "--connection", form], place.Root, cancellationToken: Token);

            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("The password is left out.").And.Contain("Maximum Pool Size="));
            Assert.That(run.Output + run.Error, Does.Not.Contain(Secret));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(place.Root, "out")))
            {
                Assert.That(await File.ReadAllTextAsync(file, Token), Does.Not.Contain(Secret));
            }
        }
    }

    private static string[] Run(string poolSizes, int rate, int duration) =>
        ["bench", "pool", "--pool-sizes", poolSizes, "--rates", $"{rate}", "--duration", $"{duration}", "--warmup", "0"];

    private static IEnumerable<string> Errors(ConsoleRun run) =>
        run.Json.GetProperty("points").EnumerateArray().SelectMany(point => Names(point.GetProperty("errors")));

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(member => member.Name);

    private Task UntilLoadAsync() => UntilAsync($"SELECT EXISTS (SELECT {SessionsOfTheLoad} AND state = 'active')");

    /// <summary>A role with a password for one test, and the connection of that role.</summary>
    private sealed class TestRole(PoolBenchTests test, string name) : IAsyncDisposable
    {
        public string Name => name;

        public NpgsqlConnectionStringBuilder Connection { get; } =
            new(test.ConnectionString) { Username = name, Password = Secret, Pooling = false };

        public static async Task<TestRole> CreateAsync(PoolBenchTests test, string attributes)
        {
            var role = new TestRole(test, $"bench_{Guid.NewGuid():N}");
            await test.ExecuteAsync($"CREATE ROLE {role.Name} {attributes} LOGIN PASSWORD '{Secret}'");
            return role;
        }

        public async ValueTask DisposeAsync() => await test.ExecuteAsync($"DROP OWNED BY {name}; DROP ROLE {name}");
    }
}
