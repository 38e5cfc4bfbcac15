using AutoStack.Data.Monitoring;
using Npgsql;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>Rules about what happens on a server, each with exactly its finding.</summary>
public sealed class DoctorSituationTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private WellSetServer server = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync() => server = await WellSetServer.StartAsync(Token);

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    [TearDown]
    public async Task NothingIsLeftAsync() => Assert.That((await server.ExamineAsync()).Select(finding => finding.Problem), Is.Empty);

    [Test]
    public async Task More_connections_of_pools_than_the_server_allows()
    {
        Assert.That(await RulesAsync(new DoctorOptions { Instances = 2, PoolSize = 49 }), Is.EqualTo(new[] { "max-connections" }));
        Assert.That(await RulesAsync(new DoctorOptions { Instances = 2, PoolSize = 48 }), Is.Empty);
    }

    [Test]
    public async Task Four_fifths_of_the_connections_in_use()
    {
        var open = new List<NpgsqlConnection>();
        for (var i = 0; i < 81; i++)
        {
            open.Add(await server.OpenAsync());
        }

        Assert.That(await RulesAsync(), Is.EqualTo(new[] { "connections-used" }));
        foreach (var connection in open)
        {
            await connection.DisposeAsync();
        }

        await UntilAsync([]);
    }

    [Test]
    public async Task Checkpoints_that_begin_early()
    {
        for (var i = 0; i < 12; i++)
        {
            await server.ExecuteAsync("CHECKPOINT");
        }

        await UntilAsync(["requested-checkpoints"]);
        await server.ResetCheckpointsAsync();
        await UntilAsync([]);
    }

    [Test]
    public async Task A_table_of_mostly_dead_rows()
    {
        await server.ExecuteAsync("CREATE TABLE public.dead AS SELECT n FROM generate_series(1, 100000) n");
        await server.ExecuteAsync("ANALYZE public.dead");
        await server.ExecuteAsync("DELETE FROM public.dead WHERE n <= 60000");

        await UntilAsync(["dead-rows"]);
        await server.ExecuteAsync("DROP TABLE public.dead");
    }

    [Test]
    public async Task A_table_that_was_never_analyzed()
    {
        await server.ExecuteAsync("CREATE TABLE public.fresh AS SELECT n FROM generate_series(1, 20000) n");

        await UntilAsync(["never-analyzed"]);
        await server.ExecuteAsync("DROP TABLE public.fresh");
    }

    [Test]
    public async Task A_transaction_that_stays_open()
    {
        await using var connection = await server.OpenAsync();
        await using (await connection.BeginTransactionAsync(Token))
        {
            await using var command = new NpgsqlCommand("SELECT 1", connection);
            await command.ExecuteNonQueryAsync(Token);

            var findings = await server.ExamineAsync(new DoctorOptions { LongTransaction = Moment });

            Assert.That(findings.Single().Rule, Is.EqualTo("long-transaction"));
            Assert.That(findings[0].Statement, Is.EqualTo($"SELECT pg_terminate_backend({connection.ProcessID})"));
            Assert.That(findings[0].Problem, Does.Contain("idle in transaction"));
            Assert.That(await RulesAsync(), Is.Empty);
        }
    }

    [Test]
    public async Task A_prepared_transaction_that_nobody_ends()
    {
        await server.ExecuteAsync("BEGIN; SELECT pg_current_xact_id(); PREPARE TRANSACTION 'it''s left'");

        var findings = await server.ExamineAsync(new DoctorOptions { LongTransaction = Moment });

        Assert.That(findings.Single().Rule, Is.EqualTo("prepared-transaction"));
        await server.ExecuteAsync(findings[0].Statement!);
    }

    [Test]
    public async Task A_snapshot_older_than_many_transactions()
    {
        await using var connection = await server.OpenAsync();
        await using (await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Token))
        {
            await using var command = new NpgsqlCommand("SELECT count(*) FROM pg_class", connection);
            await command.ExecuteNonQueryAsync(Token);
            await server.ExecuteAsync("""
                DO $$ BEGIN
                    PERFORM set_config('synchronous_commit', 'off', FALSE);
                    FOR i IN 1..100001 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
                END $$
                """);

            Assert.That(await RulesAsync(), Is.EqualTo(new[] { "old-snapshot" }));
        }
    }

    [Test]
    public async Task A_slot_whose_WAL_is_gone()
    {
        await server.ExecuteAsync("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.ExecuteAsync("SELECT pg_create_physical_replication_slot('too_late', TRUE)");
        for (var i = 0; i < 4; i++)
        {
            await server.ExecuteAsync("CREATE TABLE public.turn (); DROP TABLE public.turn");
            await server.ExecuteAsync("SELECT pg_switch_wal()");
        }

        await server.ExecuteAsync("CHECKPOINT");
        await UntilAsync(["lost-slot"]);
        await server.ExecuteAsync("SELECT pg_drop_replication_slot('too_late')");
        await server.ExecuteAsync("ALTER SYSTEM RESET max_slot_wal_keep_size");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.ResetCheckpointsAsync();
    }

    [Test]
    public async Task Archiving_that_fails()
    {
        await server.ExecuteAsync("ALTER SYSTEM SET archive_command = '/bin/false'");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await server.ExecuteAsync("CREATE TABLE public.turn (); DROP TABLE public.turn");
        await server.ExecuteAsync("SELECT pg_switch_wal()");

        await UntilAsync(["archive-failing"]);
        await server.ExecuteAsync("ALTER SYSTEM RESET archive_command");
        await server.ExecuteAsync("SELECT pg_reload_conf()");
        await UntilAsync([]);
    }

    [Test]
    public async Task A_collation_of_another_version()
    {
        await using var connection = await server.OpenAsync();
        await using var icu = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_collation WHERE collname = 'en-x-icu')", connection);
        if (await icu.ExecuteScalarAsync(Token) is false)
        {
            Assert.Ignore("The server was built without ICU.");
        }

        await server.ExecuteAsync("CREATE TABLE public.sorted (name text COLLATE \"en-x-icu\")");
        await server.ExecuteAsync("UPDATE pg_collation SET collversion = '1' WHERE collname = 'en-x-icu'");

        var findings = await server.ExamineAsync();

        Assert.That(findings.Single().Rule, Is.EqualTo("collation-version"));
        await server.ExecuteAsync(findings[0].Statement!);
        await server.ExecuteAsync("DROP TABLE public.sorted");
    }

    [Test]
    public async Task An_encoding_that_lacks_letters()
    {
        foreach (var (database, encoding) in new[] { ("latin", "LATIN1"), ("unicode", "UTF8") })
        {
            await server.ExecuteAsync($"CREATE DATABASE {database} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0", "postgres");
        }

        var latin = await server.ExamineAsync(database: "latin");
        var unicode = await server.ExamineAsync(database: "unicode");

        Assert.That(latin.Select(f => f.Rule).Except(unicode.Select(f => f.Rule)), Is.EqualTo(new[] { "encoding" }));
        await server.ExecuteAsync("DROP DATABASE latin", "postgres");
        await server.ExecuteAsync("DROP DATABASE unicode", "postgres");
    }

    [Test]
    public async Task More_relations_than_locks()
    {
        foreach (var setting in new[] { "max_locks_per_transaction = 10", "max_connections = 20", "max_prepared_transactions = 0" })
        {
            await server.ExecuteAsync($"ALTER SYSTEM SET {setting}");
        }

        await server.RestartAsync(Token);
        for (var i = 0; i < 120; i++)
        {
            await server.ExecuteAsync($"CREATE TABLE public.many_{i} (id int PRIMARY KEY)");
        }

        Assert.That(await RulesAsync(new DoctorOptions { PoolSize = 5 }), Is.EqualTo(new[] { "lock-table" }));
        for (var i = 0; i < 120; i++)
        {
            await server.ExecuteAsync($"DROP TABLE public.many_{i}");
        }

        await server.ExecuteAsync("ALTER SYSTEM RESET ALL");
        await server.RestartAsync(Token);
    }

    [Test]
    public async Task A_role_that_does_not_see_everything_is_told_so()
    {
        await using var other = await server.OpenAsync();

        var findings = await server.ExamineAsync(role: "autostack_app");

        Assert.That(findings.Select(f => f.Rule).Distinct(), Is.EqualTo(new[] { "not-visible" }));
        Assert.That(findings.Select(f => f.Mend), Does.Contain("Run as a role that is a member of pg_monitor."));
    }

    [TestCase(nameof(DoctorOptions.Instances))]
    [TestCase(nameof(DoctorOptions.PoolSize))]
    [TestCase(nameof(DoctorOptions.LongTransaction))]
    [TestCase(nameof(DoctorOptions.ReplicaLag))]
    [TestCase(nameof(DoctorOptions.IgnoredRules))]
    public void An_option_out_of_range_is_named(string option)
    {
        var options = option switch
        {
            nameof(DoctorOptions.Instances) => new DoctorOptions { Instances = 0 },
            nameof(DoctorOptions.PoolSize) => new DoctorOptions { PoolSize = 10_001 },
            nameof(DoctorOptions.LongTransaction) => new DoctorOptions { LongTransaction = TimeSpan.Zero },
            nameof(DoctorOptions.ReplicaLag) => new DoctorOptions { ReplicaLag = TimeSpan.FromDays(2) },
            _ => new DoctorOptions { IgnoredRules = ["fsync-of"] },
        };

        Assert.That(
            () => server.ExamineAsync(options),
            Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo($"options.{option}"));
    }

    private async Task<IEnumerable<string>> RulesAsync(DoctorOptions? options = null) =>
        (await server.ExamineAsync(options)).Select(finding => finding.Rule);

    private async Task UntilAsync(string[] rules)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        IEnumerable<string> found;
        while (!(found = await RulesAsync()).SequenceEqual(rules))
        {
            Assert.That(limit.IsCancellationRequested, Is.False, $"Found {string.Join(", ", found)}");
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
