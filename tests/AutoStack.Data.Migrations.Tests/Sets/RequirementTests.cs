using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>What the header of a script needs is told before anything runs.</summary>
public sealed class RequirementTests : MigrationTests
{
    private Folder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new Folder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [TestCase("requires=core:9999", "needs version 9999 of core, and this release of the tool ends at version ")]
    [TestCase("requires=letters:1", "needs version 1 of letters, and the database is at 0: autostack-db upgrade 1 --set letters.")]
    [TestCase("requires-extension=no_such_thing",
        "needs the extension no_such_thing, which the server does not have. Install its package on the server's machine")]
    [TestCase("requires-setting=wal_level:logical",
        "needs wal_level = logical, and the server has 'replica'. As a superuser: ALTER SYSTEM SET wal_level = 'logical'; then restart")]
    [TestCase("requires-setting=work_mem:3",
        "needs work_mem = 3, and the server has '4096'. As a superuser: ALTER SYSTEM SET work_mem = '3'; then SELECT pg_reload_conf();")]
    [TestCase("requires-setting=no_such_setting:on", "needs no_such_setting = on, and this role does not see that setting.")]
    public async Task What_is_missing_is_told_with_the_sentence_that_mends_it(string header, string message)
    {
        await StartAtAsync(Head - 1);
        folder.Pair("0001_a", $"-- autostack: {header}\nCREATE TABLE a ();", "DROP TABLE a;");

        foreach (var option in new string[][] { [], ["--dry-run"], ["--rehearse", "--yes"] })
        {
            var run = await RunAsync(["upgrade", .. option, "--json"]);
            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("requirementMissing"));
            Assert.That(run.Json.GetProperty("error").GetProperty("message").GetString(),
                Does.Contain($"billing/0001_a.sql {message}").And.EndWith("\nNothing was changed."));
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head - 1));
    }

    [Test]
    public async Task The_advice_is_an_upgrade_only_to_a_version_that_the_scripts_have()
    {
        await StartAtAsync(Head - 1);
        folder.Pair("0001_a", $"-- autostack: requires=core:{Head} requires=jobs:2\nCREATE TABLE a ();", "DROP TABLE a;");
        folder.Write("../jobs/0001_b.sql", "CREATE TABLE b ();");
        folder.Write("../jobs/0001_b.down.sql", "DROP TABLE b;");

        var run = await RunAsync("upgrade", "--set", "billing", "--scripts", "jobs=db/jobs");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error,
            Does.Contain($"needs version {Head} of core, and the database is at {Head - 1}: autostack-db upgrade {Head}.")
            .And.Contain("needs version 2 of jobs, and the given scripts end at version 1: give newer ones."));
    }

    [TestCase("requires=core:2")]
    [TestCase("requires-extension=uuid-ossp")]
    [TestCase("requires-setting=wal_level:replica requires-setting=fsync:off requires=core:1")]
    public async Task What_is_there_or_reached_by_the_same_run_is_enough(string header)
    {
        await StartAtAsync(1);
        var fsync = await ScalarAsync<string>("SELECT current_setting('fsync')");
        header = header.Replace("fsync:off", "fsync:" + fsync, StringComparison.Ordinal);
        folder.Pair("0001_a", $"-- autostack: {header}\nCREATE TABLE a ();", "DROP TABLE a;");

        Assert.That((await RunAsync("upgrade")).Error, Is.Empty);
        Assert.That(await ExistsAsync("a"), Is.True);
    }

    [Test]
    public async Task An_extension_that_a_script_creates_is_not_missing()
    {
        await StartAtAsync(Head);
        folder.Pair("0001_a", "-- autostack: requires-extension=plpgsql2\nCREATE EXTENSION IF NOT EXISTS plpgsql2;", "");

        var refused = await RunAsync("upgrade");
        var run = await RunAsync("upgrade", "--ignore-obstacles");

        Assert.That(refused.Error, Does.Contain("The server does not have the extension plpgsql2.").And.Not.Contain("needs the extension"));
        Assert.That(run.Error, Does.Contain("(0A000)").Or.Contain("(58P01)"), "the server itself says that it lacks the extension");
    }

    [Test]
    public async Task A_version_that_another_set_needs_is_not_reverted()
    {
        await StartAtAsync(Head);
        folder.Pair("0001_a", $"-- autostack: requires=core:{Head}\nCREATE TABLE a ();", "DROP TABLE a;");
        await RunAsync("upgrade");

        var refused = await RunAsync("downgrade", "-1", "--yes");
        await RunAsync("downgrade", "base", "--set", "billing", "--yes");
        var done = await RunAsync("downgrade", "-1", "--yes");

        Assert.That((refused.Code, done.Code), Is.EqualTo((1, 0)));
        Assert.That(refused.Error, Does.Contain($"billing/0001_a.sql is applied and needs version {Head} of core. " +
            "Revert it first: autostack-db downgrade base --set billing."));
    }

    [Test]
    public async Task Sets_that_exclude_each_other_are_refused_in_both_directions()
    {
        await StartAtAsync(Head);
        folder.Pair("0001_a", "-- autostack: excludes=jobs\nCREATE TABLE a ();", "DROP TABLE a;");
        folder.Write("../jobs/0001_b.sql", "CREATE TABLE b ();");
        folder.Write("../jobs/0001_b.down.sql", "DROP TABLE b;");
        Task<ConsoleRun> BothAsync(params string[] args) => RunAsync([.. args, "--scripts", "jobs=db/jobs"]);

        var together = await BothAsync("upgrade");
        await BothAsync("upgrade", "--set", "jobs");
        var second = await BothAsync("upgrade", "--set", "billing");
        await BothAsync("downgrade", "base", "--set", "jobs", "--yes");
        var alone = await BothAsync("upgrade", "--set", "billing");
        var reverse = await BothAsync("upgrade", "--set", "jobs");

        Assert.That((together.Code, second.Code, alone.Code, reverse.Code), Is.EqualTo((1, 1, 0, 1)));
        Assert.That(together.Error,
            Does.Contain("billing/0001_a.sql: billing and jobs exclude each other. Run one of them: --set billing.")
            .And.Contain("jobs/0001_b.sql: jobs and billing exclude each other. Run one of them: --set jobs."));
        Assert.That(second.Error, Does.Contain("billing/0001_a.sql: billing and jobs exclude each other. " +
            "Revert the other one first: autostack-db downgrade base --set jobs.").And.Contain("Nothing was changed."));
        Assert.That(reverse.Error, Does.Contain("jobs/0001_b.sql: jobs and billing exclude each other. " +
            "Revert the other one first: autostack-db downgrade base --set billing."));
        Assert.That(await ExistsAsync("b"), Is.False);
    }

    [TestCase("excludes=")]
    [TestCase("requires=core")]
    [TestCase("requires=core:0")]
    [TestCase("requires-extension=")]
    [TestCase("requires-setting=wal_level")]
    public async Task A_wrong_header_is_named(string header)
    {
        folder.Pair("0001_a", $"-- autostack: {header}", "");

        var run = await RunAsync("upgrade");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain($"billing/0001_a.sql: the header setting '{header}' is unknown. Known are"));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync([.. args, "--scripts", "billing=db/billing"], folder.Root, ConnectionString, cancellationToken: Token);
}
