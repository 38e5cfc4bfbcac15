using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Rehearsals;

/// <summary>A rehearsal on a copy runs everything, changes only the copy and removes only the copy that it made.</summary>
public sealed class CopyTests : MigrationTests
{
    [Test]
    public async Task A_copy_is_made_upgraded_and_removed()
    {
        await StartAtAsync(2);
        var recorder = new Recorder();

        var report = await Migrator().RehearseUpgradeOnCopyAsync(progress: recorder, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Migration.FromVersion, report.Migration.ToVersion), Is.EqualTo((2, Head)));
            Assert.That(report.Migration.Steps, Has.Count.EqualTo(Head - 2));
            Assert.That(report.Database, Does.StartWith("autostack_rehearsal_"));
            Assert.That(recorder.Events.OfType<CopyCreated>().Single().Database, Is.EqualTo(report.Database));
            Assert.That(await ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{report.Database}'"), Is.Zero);
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
        }
    }

    [Test]
    public async Task A_copy_runs_what_a_transaction_cannot()
    {
        await ExecuteAsync("CREATE TABLE t (id int); CREATE TYPE color AS ENUM ('red')");
        await RestPoolAsync();
        var scripts = Scripts("-- autostack: no-transaction\nVACUUM t", "ALTER TYPE color ADD VALUE 'blue'", "SELECT 'blue'::color");

        var report = await Migrator(scripts).RehearseUpgradeOnCopyAsync(cancellationToken: Token);

        Assert.That(report.Migration.ToVersion, Is.EqualTo(3));
        Assert.That(await ExistsAsync("schema_versions"), Is.False);
    }

    [Test]
    public async Task A_copy_on_which_a_script_fails_is_removed_too()
    {
        await ExecuteAsync("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (1)");
        await RestPoolAsync();
        var recorder = new Recorder();

        var failure = Assert.ThrowsAsync<MigrationException>(() =>
            Migrator(Scripts("CREATE TABLE kept ()", "-- autostack: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY t_key ON t (id)"))
                .RehearseUpgradeOnCopyAsync(default, null, recorder, Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Message,
                Does.StartWith("0002_run_test.sql").And.Contain("23505").And.Contain("This was the copy autostack_")
                .And.EndWith("which was removed; the database itself was not changed."));
            var copy = recorder.Events.OfType<CopyCreated>().Single().Database;
            Assert.That(await ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{copy}'"), Is.Zero);
            Assert.That(await ExistsAsync("kept"), Is.False);
        }
    }

    [Test]
    public async Task A_copy_is_removed_although_the_session_that_made_it_has_ended()
    {
        await StartAtAsync(2);
        await using var beside = await BesideAsync();
        string? name = null;
        var recorder = new Recorder(reported =>
        {
            if (reported is CopyCreated created)
            {
                name = created.Database;
                using var end = new NpgsqlCommand(
                    $"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE {name} %'", beside);
                end.ExecuteNonQuery();
            }
        });

        var report = await Migrator().RehearseUpgradeOnCopyAsync(MigrationTarget.Version(3), null, recorder, Token);

        Assert.That((report.Migration.ToVersion, report.Database), Is.EqualTo((3, name)));
        Assert.That(await ScalarAsync<long>($"SELECT count(*) FROM pg_database WHERE datname = '{name}'"), Is.Zero);
    }

    [Test]
    public async Task A_copy_that_cannot_be_removed_is_named_beside_the_first_failure([Values] bool fails)
    {
        await ExecuteAsync("CREATE TABLE t (id int)");
        await RestPoolAsync();
        await using var beside = await BesideAsync();
        string? name = null;
        var recorder = new Recorder(reported =>
        {
            if (reported is CopyCreated created)
            {
                name = created.Database;
                using var keep = new NpgsqlCommand($"ALTER DATABASE {name} IS_TEMPLATE true", beside);
                keep.ExecuteNonQuery();
            }
        });
        try
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(Scripts(fails ? "SELECT 1 / 0" : "SELECT 1"))
                .RehearseUpgradeOnCopyAsync(default, null, recorder, Token))!;

            Assert.That(failure.Message, Does.StartWith(fails ? "0001_run_test.sql: " : "The rehearsal succeeded.")
                .And.Contain($"the copy {name}, which could not be removed (").And.Contain($"DROP DATABASE {name} WITH (FORCE)")
                .And.Not.Contain("which was removed"));
        }
        finally
        {
            foreach (var sql in new[] { $"ALTER DATABASE {name} IS_TEMPLATE false", $"DROP DATABASE {name} WITH (FORCE)" })
            {
                await using var end = new NpgsqlCommand(sql, beside);
                await end.ExecuteNonQueryAsync(Token);
            }
        }
    }

    [Test]
    public async Task A_database_with_other_sessions_cannot_be_copied_and_the_message_says_who_and_what_else()
    {
        await StartAtAsync(2);
        await using var other = await HoldAsync("SELECT 1");

        var run = await ConsoleRun.StartAsync(["upgrade", "--rehearse", "--on-copy", "--json"], connection: ConnectionString,
            cancellationToken: Token);

        Assert.That((run.Code, run.Json.GetProperty("error").GetProperty("kind").GetString()), Is.EqualTo((5, "locked")));
        Assert.That(run.Error, Does.Match(@"other sessions: \d+ \(raw\)").And.Contain("--copy DATABASE --disposable"));
    }

    [Test]
    public async Task A_given_copy_is_upgraded_and_kept([Values] bool byName)
    {
        await StartAtAsync(2);
        await using var copy = await Templates.CopyAsync(
            Server, "version 2",
            template => new SchemaMigrator(template).UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token), Token);
        var name = new NpgsqlConnectionStringBuilder(copy.ConnectionString).Database!;

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "9", "--rehearse", "--copy", byName ? name : copy.ConnectionString, "--disposable"], connection: ConnectionString,
            cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain($"The scripts run on the copy {name}.").And.Contain("2 → 9: 7 scripts in")
                .And.Contain("That was a copy; the database itself was not changed."));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
            Assert.That((await new SchemaMigrator(copy.ConnectionString).ReadHistoryAsync(Token)).CurrentVersion, Is.EqualTo(9));
        }
    }

    [Test]
    public async Task The_database_itself_is_no_copy([Values] bool byName)
    {
        await StartAtAsync(2);
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

        var failure = Assert.ThrowsAsync<MigrationException>(() =>
            Migrator().RehearseUpgradeOnCopyAsync(copy: byName ? name : ConnectionString, cancellationToken: Token))!;

        Assert.That((failure.Error, failure.Message.Contains("is the database itself", StringComparison.Ordinal)),
            Is.EqualTo((MigrationError.TargetInvalid, true)));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public async Task A_downgrade_runs_on_a_copy_too_and_nothing_to_do_makes_none()
    {
        await StartAtAsync(9);

        var down = await Migrator().RehearseDowngradeOnCopyAsync(MigrationTarget.Base, cancellationToken: Token);
        var none = await Migrator().RehearseUpgradeOnCopyAsync(MigrationTarget.Version(9), cancellationToken: Token);

        Assert.That((down.Migration.ToVersion, none.Database), Is.EqualTo((0, (string?)null)));
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(9));
    }

    [TestCase("")]
    [TestCase(" ")]
    public void A_blank_copy_is_refused(string copy) => Assert.That(
        () => Migrator().RehearseUpgradeOnCopyAsync(copy: copy, cancellationToken: Token),
        Throws.ArgumentException.With.Property("ParamName").EqualTo("copy"));

    private async Task<NpgsqlConnection> BesideAsync()
    {
        var beside = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "postgres", Pooling = false, ApplicationName = "beside" }
                .ConnectionString);
        await beside.OpenAsync(Token);
        return beside;
    }

    // The server copies a database without sessions only, and the pool of the test keeps one.
    private async Task RestPoolAsync()
    {
        Raw.Clear();
        await using var beside = await BesideAsync();
        var name = new NpgsqlConnectionStringBuilder(ConnectionString).Database;
        await using var command = new NpgsqlCommand($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'", beside);
        while ((long)(await command.ExecuteScalarAsync(Token))! > 0)
        {
            await Task.Delay(5, Token);
        }
    }
}
