using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>The history of the journal: who changed it other than by up scripts, when and why.</summary>
public sealed class JournalChangesTests : MigrationTests
{
    private static readonly IReadOnlyList<MigrationScript> Three = Scripts("CREATE TABLE a ()", "CREATE TABLE b ()", "CREATE TABLE c ()");

    private static readonly SchemaMigratorOptions Because = new() { Reason = @"it's \ ""needed""" };

    [Test]
    public async Task A_stamp_and_a_downgrade_are_recorded_with_the_rows()
    {
        await Migrator(Three).UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var none = (await Migrator(Three).ReadJournalChangesAsync(Token), await ExistsAsync("schema_version_changes"));
        var applied = await ScalarAsync<string>("SELECT to_jsonb(j)::text FROM schema_versions j WHERE version = 2");

        await Migrator(Three, Because).DowngradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await Migrator(Three).StampAsync(MigrationTarget.Version(3), cancellationToken: Token);
        await Migrator(Three, Because).StampAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var changes = await Migrator(Three).ReadJournalChangesAsync(Token);

        var role = await ScalarAsync<string>("SELECT session_user::text");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(none.Item1, Is.Empty);
            Assert.That(none.Item2, Is.False, "an upgrade needs no table of changes");
            Assert.That(changes.Select(c => (c.Id, c.Kind, c.Version, c.Name, c.OldRow is null, c.NewRow is null)), Is.EqualTo(new[]
            {
                (1L, JournalChangeKind.Downgraded, 2, "0002_run_test", false, true),
                (2L, JournalChangeKind.Stamped, 2, "0002_run_test", true, false),
                (3L, JournalChangeKind.Stamped, 3, "0003_run_test", true, false),
                (4L, JournalChangeKind.Stamped, 3, "0003_run_test", false, true),
            }));
            Assert.That(changes[0].OldRow, Is.EqualTo(applied));
            Assert.That(changes.Select(c => c.Reason), Is.EqualTo(new[] { Because.Reason, null, null, Because.Reason }));
            Assert.That(changes.Select(c => c.ChangedBy), Is.All.EqualTo(role));
            Assert.That(changes.Select(c => c.ToolVersion), Is.All.Match(@"^\d+\.\d+\.\d+"));
            Assert.That(changes.Select(c => c.ChangedAt),
                Is.Ordered.And.All.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(5)));
        }
    }

    [Test]
    public async Task A_row_is_stamped_until_its_script_runs()
    {
        await Migrator(Three).UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await Migrator(Three).StampAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var stamped = await Migrator(Three).ReadHistoryAsync(Token);
        await Migrator(Three).StampAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await Migrator(Three).UpgradeAsync(cancellationToken: Token);
        var applied = await Migrator(Three).ReadHistoryAsync(Token);

        Assert.That(stamped.Versions.Select(v => v.IsStamped), Is.EqualTo(new[] { false, true, false }));
        Assert.That(applied.Versions.Select(v => v.IsStamped), Is.All.False);
    }

    [Test]
    public async Task The_console_marks_stamped_rows_and_lists_the_changes()
    {
        await StartAtAsync(3);
        var empty = await RunAsync("history", "--changes");
        await RunAsync("stamp", "2", "--yes", "--reason", "wrong stamp");
        await RunAsync("stamp", "3", "--yes");
        await RunAsync("downgrade", "2", "--yes", "--reason", "back");

        await RunAsync("stamp", "3", "--yes");
        var history = await RunAsync("history");
        var json = await RunAsync("history", "--json");
        var changes = await RunAsync("history", "--changes");
        var narrow = await ConsoleRun.StartAsync(
            ["history", "--changes"], connection: ConnectionString, width: 40, cancellationToken: Token);
        var list = (await RunAsync("history", "--changes", "--json")).Json.GetProperty("changes").EnumerateArray().ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(empty.Output.Trim(), Is.EqualTo("No stamp, adoption, repair or downgrade has changed the journal."));
            Assert.That(history.Output, Does.Match("2 +0002_runtime_models +applied").And.Match("3 +0003_add_log_sequence +stamped"));
            Assert.That(json.Json.GetProperty("versions").EnumerateArray().Take(3).Select(v => v.GetProperty("stamped").GetBoolean()),
                Is.EqualTo(new[] { false, false, true }));
            Assert.That(changes.Output, Does.Match(@"stamped +removed +0003_add_log_sequence +wrong stamp")
                .And.Match(@"stamped +added +0003_add_log_sequence").And.Match("downgraded +removed +0003_add_log_sequence +back"));
            Assert.That(narrow.Output, Does.Contain("0003_add_log_sequence"), "names are not broken");
            Assert.That(list.Select(c => c.GetProperty("kind").GetString()),
                Is.EqualTo(new[] { "stamped", "stamped", "downgraded", "stamped" }));
            Assert.That(list[0].GetProperty("oldRow").GetProperty("version").GetInt32(), Is.EqualTo(3));
            Assert.That(list[0].GetProperty("newRow").ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
            Assert.That(list[0].GetProperty("reason").GetString(), Is.EqualTo("wrong stamp"));
        }
    }

    [Test]
    public async Task A_downgrade_by_psql_is_recorded_with_its_reason()
    {
        await StartAtAsync(3);
        var script = (await Migrator(Because).PlanDowngradeAsync(MigrationTarget.Version(1), Token)).ToPsqlScript();

        var (code, error) = await Psql.RunAsync(ConnectionString, "SET standard_conforming_strings = off;\n" + script, Token);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => (c.Version, c.Kind, c.Reason)), Is.EqualTo(new[]
        {
            (3, JournalChangeKind.Downgraded, Because.Reason), (2, JournalChangeKind.Downgraded, Because.Reason),
        }));
    }

    [Test]
    public async Task A_rehearsed_downgrade_and_a_failed_one_leave_no_trace()
    {
        await Migrator(Three).UpgradeAsync(cancellationToken: Token);
        await Migrator(Three).RehearseDowngradeAsync(MigrationTarget.Base, cancellationToken: Token);

        Assert.That(await ExistsAsync("schema_version_changes"), Is.False);
    }

    [TestCase("CREATE VIEW schema_version_changes AS SELECT 1 AS id")]
    [TestCase("CREATE TABLE schema_version_changes (id bigint DEFAULT length('x'))")]
    public async Task A_table_of_changes_that_would_run_code_is_refused(string sql)
    {
        await StartAtAsync(2);
        await ExecuteAsync(sql);

        foreach (var work in new Func<Task>[]
        {
            () => Migrator().ReadHistoryAsync(Token), () => Migrator().ReadJournalChangesAsync(Token),
            () => Migrator().StampAsync(MigrationTarget.Version(1), cancellationToken: Token),
            () => Migrator().UpgradeAsync(cancellationToken: Token),
        })
        {
            Assert.That(async () => await work(), Throws.TypeOf<MigrationException>()
                .With.Property("Error").EqualTo(MigrationError.ForeignObjects).And.Message.Contains("public.schema_version_changes"));
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Readers_of_the_journal_may_read_its_changes_and_nobody_may_write_them()
    {
        var (reader, stranger) = ($"Reader {Guid.NewGuid():N}", $"stranger_{Guid.NewGuid():N}");
        await StartAtAsync(3);
        await ExecuteAsync($"""
            CREATE ROLE "{reader}" LOGIN PASSWORD 'reader';
            CREATE ROLE {stranger} LOGIN PASSWORD 'reader';
            GRANT SELECT (version, name, checksum, applied_at, duration_ms, applied_by, tool_version, script_set)
            ON schema_versions TO "{reader}";
            ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "{reader}", {stranger}, PUBLIC;
            """);
        try
        {
            await Migrator().StampAsync(MigrationTarget.Version(2), cancellationToken: Token);
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = reader, Password = "reader" };

            var changes = await new SchemaMigrator(connection.ConnectionString).ReadJournalChangesAsync(Token);

            Assert.That(changes, Has.Count.EqualTo(1));
            Assert.That(await ListAsync($"""
                SELECT r.rolname || ' ' || p
                FROM pg_roles r, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
                WHERE r.rolname IN ('{reader}', '{stranger}') AND has_table_privilege(r.oid, 'schema_version_changes', p)
                """), Is.EqualTo(new[] { $"{reader} SELECT" }));
        }
        finally
        {
            await ExecuteAsync($"""
                ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM "{reader}", {stranger}, PUBLIC;
                DROP OWNED BY "{reader}", {stranger};
                DROP ROLE "{reader}", {stranger};
                """);
        }
    }

    [Test]
    public async Task A_role_that_may_not_read_the_changes_still_reads_the_history()
    {
        var reader = $"reader_{Guid.NewGuid():N}";
        await StartAtAsync(3);
        await Migrator().StampAsync(MigrationTarget.Version(2), cancellationToken: Token);
        await ExecuteAsync($"CREATE ROLE {reader} LOGIN PASSWORD 'reader'; GRANT SELECT ON schema_versions TO {reader};");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = reader, Password = "reader" };
            var migrator = new SchemaMigrator(connection.ConnectionString);

            Assert.That((await migrator.ReadHistoryAsync(Token)).CurrentVersion, Is.EqualTo(2));
            Assert.That(() => migrator.ReadJournalChangesAsync(Token), Throws.TypeOf<MigrationException>().With.Message.Contains("42501"));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {reader}; DROP ROLE {reader};");
        }
    }

    [TestCase("")]
    [TestCase(" ")]
    public async Task An_empty_reason_is_refused(string reason)
    {
        var run = await RunAsync("stamp", "1", "--yes", "--reason", reason);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, "--reason is a text of 1 to 1000 characters.")));
    }

    [TestCase(1001, 'x')]
    [TestCase(1, '\0')]
    public void A_reason_that_cannot_be_kept_is_refused(int length, char letter) => Assert.That(
        () => Migrator(new SchemaMigratorOptions { Reason = new string(letter, length) }),
        Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("Reason"));

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
