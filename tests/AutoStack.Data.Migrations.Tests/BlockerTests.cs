using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>The sessions that block a script are named, and the application continues meanwhile.</summary>
public sealed class BlockerTests : MigrationTests
{
    private const string AddColumn = "-- autostack: lock_timeout=2s\nALTER TABLE busy ADD COLUMN extra int";

    [SetUp]
    public Task CreateTableAsync() => ExecuteAsync("CREATE TABLE busy (id int, secret text)");

    [Test]
    public async Task A_blocked_alter_lets_queries_pass_names_its_blocker_and_succeeds()
    {
        var (holder, pid) = await HoldAsync("reports", "SELECT count(*)\n  FROM busy WHERE secret = 'hush ''hush'''");
        await using var closing = holder;
        var recorder = new Recorder();
        var upgrade = Migrator(Scripts(AddColumn)).UpgradeAsync(progress: recorder, cancellationToken: Token);
        await QueueBehindMigratorAsync("SELECT count(*) FROM busy");
        var altered = (await CatalogAsync()).Any(line => line.Contains("busy.extra", StringComparison.Ordinal));
        holder.Release();
        var report = await upgrade;

        var retry = recorder.Events.OfType<StepRetrying>().First();
        var blocker = retry.Blockers.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(altered, Is.False, "the query went through between two attempts");
            Assert.That((blocker.ProcessId, blocker.Application, blocker.State), Is.EqualTo((pid, "reports", "idle in transaction")));
            Assert.That(blocker.Role, Is.EqualTo(new NpgsqlConnectionStringBuilder(ConnectionString).Username));
            Assert.That(blocker.TransactionAge, Is.GreaterThan(TimeSpan.Zero));
            Assert.That(blocker.Statement, Is.EqualTo("SELECT count(*) FROM busy WHERE secret = '…'"));
            Assert.That(report.Steps.Single().Retries, Is.EqualTo(recorder.Events.OfType<StepRetrying>()));
            Assert.That(await CatalogAsync(), Has.Member("column busy.extra at 3 integer"));
        }
    }

    [Test]
    public async Task The_error_of_the_last_attempt_names_the_blockers()
    {
        var (holder, pid) = await HoldAsync("reports", "LOCK TABLE busy IN ACCESS SHARE MODE");
        await using var closing = holder;

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(Scripts(AddColumn), new SchemaMigratorOptions { Attempts = 1 })
            .UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Message,
            Does.Contain("55P03").And.Contain($"Blocked by: pid {pid}, reports, role ").And.Contain("LOCK TABLE busy"));
    }

    [Test]
    public async Task The_console_prints_the_blockers_as_text_and_JSON()
    {
        await ExecuteAsync("DROP TABLE busy");
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var (holder, pid) = await HoldAsync("reports", "LOCK TABLE deployment_logs IN ACCESS SHARE MODE");
        await using var closing = holder;
        var upgrade = ConsoleRun.StartAsync(["upgrade", "3", "--json"], connection: ConnectionString, cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        await ExecuteAsync("SELECT count(*) FROM deployment_logs");
        holder.Release();
        var run = await upgrade;

        var retry = run.Json.GetProperty("steps")[0].GetProperty("retries")[0];
        var blocker = retry.GetProperty("blockers")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Error, Does.Contain($"did not get its lock (attempt 1)").And.Contain($"Blocked by: pid {pid}, reports, role "));
            Assert.That(retry.GetProperty("attempt").GetInt32(), Is.EqualTo(1));
            Assert.That(blocker.GetProperty("pid").GetInt32(), Is.EqualTo(pid));
            Assert.That(blocker.GetProperty("application").GetString(), Is.EqualTo("reports"));
            Assert.That(blocker.GetProperty("transactionSeconds").GetDouble(), Is.Not.Negative);
            Assert.That(blocker.GetProperty("state").GetString(), Is.EqualTo("idle in transaction"));
            Assert.That(blocker.GetProperty("statement").GetString(), Is.EqualTo("LOCK TABLE deployment_logs IN ACCESS SHARE MODE"));
        }
    }

    [Test]
    public async Task A_role_without_rights_sees_a_blocker_without_its_statement()
    {
        var role = $"migrations_{Guid.NewGuid():N}";
        await ExecuteAsync($"""
            CREATE ROLE {role} LOGIN PASSWORD '{role}';
            GRANT CREATE ON SCHEMA public TO {role};
            ALTER TABLE busy OWNER TO {role};
            """);
        try
        {
            var (holder, pid) = await HoldAsync("reports", "SELECT count(*) FROM busy");
            await using var closing = holder;
            var connectionString = new NpgsqlConnectionStringBuilder(ConnectionString)
            {
                Username = role,
                Password = role,
            }.ConnectionString;

            var failure = Assert.ThrowsAsync<MigrationException>(() =>
                new SchemaMigrator(connectionString, new SchemaMigratorOptions { Attempts = 1 }, Scripts(AddColumn))
                    .UpgradeAsync(cancellationToken: Token))!;

            Assert.That(failure.Message,
                Does.Contain($"Blocked by: pid {pid}, reports, role ").And.EndWith("statement hidden from this role."));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }

    [Test]
    public async Task An_index_build_reports_its_blockers()
    {
        var (writer, pid) = await HoldAsync("importer", "INSERT INTO busy VALUES (1)");
        await using var closing = writer;
        var recorder = new Recorder(reported =>
        {
            if (reported is StepWaiting)
            {
                writer.Release();
            }
        });

        await Migrator(Scripts("-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS busy_id_idx ON busy (id)"))
            .UpgradeAsync(progress: recorder, cancellationToken: Token);

        var waiting = recorder.Events.OfType<StepWaiting>().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(waiting.FileName, Is.EqualTo("0001_run_test.sql"));
            Assert.That(waiting.Waited, Is.GreaterThan(TimeSpan.Zero));
            Assert.That(waiting.Blockers.Select(blocker => (blocker.ProcessId, blocker.Application)),
                Is.EqualTo(new[] { (pid, "importer") }));
            Assert.That(recorder.Events.OfType<StepRetrying>(), Is.Empty);
        }
    }

    [TestCase("SELECT 1;\n", "SELECT 1")]
    [TestCase("ALTER ROLE a PASSWORD 'hush'", "ALTER ROLE a PASSWORD '…'")]
    [TestCase("ALTER ROLE a PASSWORD 'hush", "ALTER ROLE a PASSWORD '…'")]
    [TestCase(@"SELECT E'hush\'hush', 'hush''hush', 1", "SELECT '…', '…', 1")]
    [TestCase("/* it's */ SELECT 1, 'hush', 2 -- it's", "SELECT 1, '…', 2")]
    [TestCase("SELECT 1 -- it's\n, 'hush'", "SELECT 1 , '…'")]
    [TestCase("SELECT 1 /* /* it's */ */ FROM a WHERE b = 'hush'", "SELECT 1 FROM a WHERE b = '…'")]
    [TestCase(@"SELECT 'C:\hush\', 'hush', 1", "SELECT '…' …")]
    [TestCase(@"SELECT 'hush\' hush', 1", "SELECT '…' …")]
    [TestCase(@"SELECT $$it\'s$$, U&'hush' FROM ""it's"", b WHERE c='hush'", @"SELECT '…', '…' FROM ""it's"", b WHERE c='…'")]
    [TestCase("SELECT /* hush", "SELECT '…'")]
    [TestCase("SELECT \"hush", "SELECT '…'")]
    [TestCase("DO $x$ hush $$ hush $x$; SELECT $1", "DO '…'; SELECT $1")]
    [TestCase("DO $$ hush", "DO '…'")]
    [TestCase("  SELECT\n\t1,\u001b[2J  2", "SELECT 1, [2J 2")]
    [TestCase("", null)]
    [TestCase("<insufficient privilege>", null)]
    public void A_blockers_statement_is_one_line_without_literals(string statement, string? reported) =>
        Assert.That(Blocker.Shorten(statement), Is.EqualTo(reported));

    [Test]
    public void A_long_statement_is_shortened() =>
        Assert.That(Blocker.Shorten("SELECT " + new string('x', 1000)), Is.EqualTo("SELECT " + new string('x', 93) + "…"));

    [Test]
    public void Many_blockers_are_listed_as_three_and_a_count()
    {
        var many = Enumerable.Range(0, 5).Select(pid => new Blocker(pid, null, null, TimeSpan.FromSeconds(5 - pid), "active", "SELECT 1"))
            .ToList();

        Assert.That(Blocker.Sentence(many), Is.EqualTo(
            "Blocked by: a prepared transaction (pg_prepared_xacts lists them); pid 1, in a transaction for 4 s, active: SELECT 1; " +
            "pid 2, in a transaction for 3 s, active: SELECT 1; and 2 more."));
    }

    /// <summary>
    /// Runs a query that waits for the script's statement, which is still blocked itself, to its end.
    /// </summary>
    private async Task QueueBehindMigratorAsync(string sql)
    {
        for (var queued = false; !queued;)
        {
            await UntilMigratorWaitsForTableAsync();
            var query = ExecuteAsync(sql);
            while (!queued && !query.IsCompleted)
            {
                queued = await ScalarAsync<bool>($"""
                    SELECT EXISTS (
                        SELECT
                        FROM pg_stat_activity a
                        CROSS JOIN unnest(pg_blocking_pids(a.pid)) b (pid)
                        JOIN pg_stat_activity m ON m.pid = b.pid
                        WHERE a.datname = current_database() AND a.application_name = 'raw' AND m.application_name = '{MigratorName}')
                    """);
            }

            await query;
        }
    }

    /// <summary>Like the base's, with an application name, and returns the server process.</summary>
    private async Task<(OpenTransaction Holder, int ProcessId)> HoldAsync(string application, string sql)
    {
        var connectionString = new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            ApplicationName = application,
            Pooling = false,
            SearchPath = "public",
        };
        var connection = new NpgsqlConnection(connectionString.ConnectionString);
        await connection.OpenAsync(Token);
        var holder = new OpenTransaction(connection, await connection.BeginTransactionAsync(Token));
        await holder.ExecuteAsync(sql, Token);
        return (holder, connection.ProcessID);
    }
}
