using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>Each rule of the doctor finds its fault on a real server, and nothing else; a server without faults has no findings.</summary>
public sealed class DoctorTests
{
    private WellSetServer server = null!;

    // The rule, the fault, how it is undone, and whether the server must be restarted for it. A text per session.
    private static readonly (string Rule, string Fault, string Undo, bool Restart)[] Faults =
    [
        ("fsync-off", "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", false),
        ("full-page-writes-off", "ALTER SYSTEM SET full_page_writes = off", "ALTER SYSTEM RESET full_page_writes", false),
        ("synchronous-commit-off", "ALTER ROLE autostack_app SET synchronous_commit = off",
            "ALTER ROLE autostack_app RESET synchronous_commit", false),
        ("archive-off", "ALTER SYSTEM SET archive_mode = off", "ALTER SYSTEM RESET archive_mode", true),
        ("unlogged-table", "CREATE UNLOGGED TABLE public.forgotten (id int)", "DROP TABLE public.forgotten", false),
        ("autovacuum-off", "ALTER SYSTEM SET autovacuum = off", "ALTER SYSTEM RESET autovacuum", false),
        ("track-counts-off", "ALTER SYSTEM SET track_counts = off", "ALTER SYSTEM RESET track_counts", false),
        ("track-io-timing-off", "ALTER SYSTEM SET track_io_timing = off", "ALTER SYSTEM RESET track_io_timing", false),
        ("shared-buffers-default", "ALTER SYSTEM SET shared_buffers = '128MB'", "ALTER SYSTEM RESET shared_buffers", true),
        ("random-page-cost", "ALTER SYSTEM SET random_page_cost = 4", "ALTER SYSTEM RESET random_page_cost", false),
        ("statistics-target", "ALTER SYSTEM SET default_statistics_target = 10", "ALTER SYSTEM RESET default_statistics_target", false),
        ("extension-behind", "DROP EXTENSION pg_stat_statements; CREATE EXTENSION pg_stat_statements VERSION '1.7'",
            "ALTER EXTENSION pg_stat_statements UPDATE", false),
        ("no-statement-statistics", "DROP EXTENSION pg_stat_statements", "CREATE EXTENSION pg_stat_statements", false),
        ("idle-in-transaction-timeout", "ALTER ROLE autostack_app IN DATABASE autostack SET idle_in_transaction_session_timeout = 0",
            "ALTER ROLE autostack_app IN DATABASE autostack SET idle_in_transaction_session_timeout = '10min'", false),
        ("statement-timeout", "ALTER ROLE autostack_app IN DATABASE autostack SET statement_timeout = '2s'",
            "ALTER ROLE autostack_app IN DATABASE autostack RESET statement_timeout", false),
        ("statement-timeout", "ALTER ROLE autostack_app SET statement_timeout = 0",
            "ALTER ROLE autostack_app RESET statement_timeout", false),
        ("idle-session-timeout", "ALTER ROLE autostack_app IN DATABASE autostack SET idle_session_timeout = '1h'",
            "ALTER ROLE autostack_app IN DATABASE autostack SET idle_session_timeout = 0", false),
        ("session-replication-role", "ALTER ROLE autostack_app SET session_replication_role = 'replica'",
            "ALTER ROLE autostack_app RESET session_replication_role", false),
        ("time-zone", "ALTER DATABASE autostack SET timezone = 'Asia/Kolkata'", "ALTER DATABASE autostack RESET timezone", false),
        ("public-creates", "GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", false),
        ("public-connects", "GRANT CONNECT, TEMPORARY ON DATABASE autostack TO PUBLIC",
            "REVOKE CONNECT, TEMPORARY ON DATABASE autostack FROM PUBLIC", false),
        ("owner-logs-in", "ALTER ROLE autostack_owner LOGIN; ALTER ROLE autostack_owner SET idle_in_transaction_session_timeout = '10min'",
            "ALTER ROLE autostack_owner NOLOGIN; ALTER ROLE autostack_owner RESET idle_in_transaction_session_timeout", false),
        ("invalid-index", "CREATE TABLE public.broken (id int); CREATE INDEX broken_idx ON public.broken (id); "
            + "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'public.broken_idx'::regclass", "DROP TABLE public.broken", false),
        ("sequence-exhausted", "CREATE TABLE public.counted (id serial); SELECT setval('public.counted_id_seq', 2000000000)",
            "DROP TABLE public.counted", false),
        ("table-autovacuum-off", "ALTER TABLE public.sessions SET (autovacuum_enabled = false)",
            "ALTER TABLE public.sessions RESET (autovacuum_enabled)", false),
        ("hot-table-autovacuum", "UPDATE pg_class SET reltuples = 5000000 WHERE oid = 'public.deployment_logs'::regclass",
            "UPDATE pg_class SET reltuples = 0 WHERE oid = 'public.deployment_logs'::regclass", false),
        ("inactive-slot", "SELECT pg_create_physical_replication_slot('left_behind', TRUE)",
            "SELECT pg_drop_replication_slot('left_behind')", false),
        ("synchronous-standby-missing", "ALTER SYSTEM SET synchronous_standby_names = 'elsewhere'",
            "ALTER SYSTEM RESET synchronous_standby_names", false),
        ("freeze-age", "UPDATE pg_database SET datfrozenxid = (2147483648 + 1000000000)::text::xid WHERE datname = 'autostack'",
            "UPDATE pg_database SET datfrozenxid = "
            + "(SELECT min(relfrozenxid::text::bigint)::text::xid FROM pg_class WHERE relfrozenxid <> '0') "
            + "WHERE datname = 'autostack'", false),
    ];

    // Rules whose faults need more than statements: tests of their own, below or in the class that is named.
    private static readonly string[] Elsewhere =
    [
        "checksums-off", "wal-level", "checksum-failures", "archive-failing", "lock-table", "max-connections", "connections-used",
        "requested-checkpoints", "server-version", "encoding", "collation-version", "dead-rows", "never-analyzed", "long-transaction",
        "prepared-transaction", "old-snapshot", "lost-slot", "slot-behind", "replica-lag", "replica-not-receiving", "not-visible",
    ];

    private static IEnumerable<TestCaseData> Cases => Faults.Select(fault =>
        new TestCaseData(fault.Rule, fault.Fault, fault.Undo, fault.Restart).SetArgDisplayNames(fault.Rule, fault.Fault));

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

    [Test]
    public void Every_rule_has_a_test() =>
        Assert.That(Faults.Select(fault => fault.Rule).Distinct().Concat(Elsewhere), Is.EquivalentTo(DoctorRules.Ids));

    [Test]
    public async Task A_well_set_server_has_no_findings() => Assert.That(await server.ExamineAsync(), Is.Empty);

    [TestCaseSource(nameof(Cases))]
    public async Task A_rule_finds_its_fault_and_no_other(string rule, string fault, string undo, bool restart)
    {
        try
        {
            await ApplyAsync(fault, restart);
            var findings = await server.ExamineAsync();

            Assert.That(findings.Select(finding => finding.Rule), Is.EqualTo(new[] { rule }));
            Assert.That(await server.ExamineAsync(new DoctorOptions { IgnoredRules = [rule] }), Is.Empty);
            TestContext.Out.WriteLine($"{findings[0].Severity}: {findings[0].Problem}\n{findings[0].Statement}");
        }
        finally
        {
            await ApplyAsync(undo, restart);
        }

        Assert.That(await server.ExamineAsync(), Is.Empty);
    }

    private async Task ApplyAsync(string statements, bool restart)
    {
        foreach (var statement in statements.Split("; "))
        {
            await server.ExecuteAsync(statement);
        }

        if (restart)
        {
            await server.RestartAsync(Token);
        }
        else if (statements.Contains("ALTER SYSTEM", StringComparison.Ordinal))
        {
            await server.ExecuteAsync("SELECT pg_reload_conf(), pg_sleep(0.3)");
        }
    }
}
