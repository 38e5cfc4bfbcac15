using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class FailingScriptTests : MigrationTests
{
    [Test]
    public async Task A_script_that_fails_in_its_last_statement_is_rolled_back_alone()
    {
        var scripts = Scripts(
            "CREATE TABLE kept (id int)",
            "CREATE TABLE lost (id int);\nINSERT INTO kept VALUES (1);\n\nINSERT INTO missing VALUES (1);",
            "CREATE TABLE never ()");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
            Assert.That(failure.Message, Does.StartWith("0002_run_test.sql, line 4: ").And.Contain("\"missing\"").And.Contain("42P01"));
            Assert.That(failure.InnerException, Is.InstanceOf<PostgresException>());
            Assert.That((failure.Result!.FromVersion, failure.Result.ToVersion), Is.EqualTo((0, 1)));
            Assert.That(failure.Result.Steps.Select(step => step.FileName), Is.EqualTo(new[] { "0001_run_test.sql" }));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ListAsync("SELECT id FROM kept"), Is.Empty);
            Assert.That(await ExistsAsync("lost"), Is.False);
            Assert.That(await ExistsAsync("never"), Is.False);
        }
    }

    [Test]
    public async Task A_script_that_cannot_be_recorded_is_rolled_back()
    {
        var scripts = Scripts("ALTER TABLE schema_versions ADD CONSTRAINT only_one CHECK (version < 2)", "CREATE TABLE lost ()");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Message, Does.StartWith("0002_run_test.sql").And.Contain("only_one"));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ExistsAsync("lost"), Is.False);
        }
    }

    [Test]
    public async Task A_failing_down_script_leaves_its_version_applied()
    {
        var scripts = MigrationScript.Load(new Dictionary<string, string>
        {
            ["0001_add_a.sql"] = "CREATE TABLE a ()",
            ["0001_add_a.down.sql"] = "DROP TABLE a;\nDROP TABLE missing;",
            ["0002_add_b.sql"] = "CREATE TABLE b ()",
            ["0002_add_b.down.sql"] = "DROP TABLE b",
        });
        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts).DowngradeAsync(MigrationTarget.Base, cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Message, Does.StartWith("0001_add_a.down.sql"));
            Assert.That(failure.Result!.ToVersion, Is.EqualTo(1));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ExistsAsync("a"), Is.True);
            Assert.That(await ExistsAsync("b"), Is.False);
        }
    }

    // The server counts characters; one of these is two UTF-16 units.
    [TestCase("-- plain\n", 3)]
    [TestCase("-- 😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀\n", 3)]
    [TestCase("/* ä\r\n */\r\n", 4)]
    public void An_error_names_the_right_line(string before, int line)
    {
        var scripts = Scripts(before + "SELECT 1;\nSELEC 2;\n");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Message, Does.StartWith($"0001_run_test.sql, line {line}: ").And.Contain("SELEC"));
    }

    [Test]
    public async Task A_script_cannot_end_the_transaction_of_the_runner()
    {
        var scripts = Scripts("CREATE TABLE early ();\nCOMMIT;\nSELECT 1/0;");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts, new SchemaMigratorOptions { IgnoreObstacles = true }).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
            Assert.That(await ExistsAsync("early"), Is.False);
            Assert.That(await AppliedAsync(), Is.Empty);
        }
    }

    [Test]
    public async Task A_corrected_script_is_applied_by_the_next_run()
    {
        Assert.ThrowsAsync<MigrationException>(
            () => Migrator(Scripts("CREATE TABLE a ();\nSELECT 1/0")).UpgradeAsync(cancellationToken: Token));

        var report = await Migrator(Scripts("CREATE TABLE a ();\nSELECT 1/1")).UpgradeAsync(cancellationToken: Token);

        Assert.That(report.ToVersion, Is.EqualTo(1));
        Assert.That(await ExistsAsync("a"), Is.True);
    }

    [Test]
    public async Task A_script_ends_at_its_statement_timeout()
    {
        var scripts = Scripts("-- autostack: statement_timeout=50ms\nCREATE TABLE a ();\nSELECT pg_sleep(60)");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ScriptFailed));
            Assert.That(failure.Message, Does.Contain("57014"));
            Assert.That(await ExistsAsync("a"), Is.False);
        }
    }

    [Test]
    public async Task Header_settings_apply_only_to_their_script()
    {
        const string Note = "INSERT INTO settings SELECT current_setting('lock_timeout'), current_setting('statement_timeout')";
        var scripts = Scripts(
            "-- autostack: lock_timeout=7s statement_timeout=2min\nCREATE TABLE settings (lock text, statement text);\n" + Note,
            Note);

        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT lock || ' ' || statement FROM settings ORDER BY ctid"),
            Is.EqualTo(new[] { "7s 2min", "5s 0" }));
    }
}
