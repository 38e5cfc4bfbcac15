using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Upkeep;

/// <summary><c>prune</c> and <c>keys rotate</c> in processes of their own, killed while a lock of the test blocks them.</summary>
[UnsupportedOSPlatform("windows")]
[Platform(Exclude = "Win")]
public sealed class KilledUpkeepTests : MigrationTests
{
    // The server may carry out the statement of a killed process.
    private const string NoSessions =
        $"SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{MigratorName}'";

    [SetUp]
    public Task StartAsync() => StartAtAsync(Head);

    [Test]
    public async Task A_killed_prune_is_completed_by_the_next()
    {
        await ExecuteAsync(Filling.Sql(sessions: 2500, lines: 3001));
        await using (await HoldAsync("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "prune", "--yes");
            await UntilMigratorWaitsForTableAsync();
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(1), "The logs come first.");
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }

        await UntilAsync(NoSessions);
        var left = await ScalarAsync<long>("SELECT count(*) FROM sessions");
        Assert.That(left, Is.EqualTo(2500).Or.EqualTo(1500));
        Assert.That(await ScalarAsync<bool>("SELECT released_at IS NULL AND last_finished_at IS NULL FROM upkeep_leases"), Is.True);

        // The lease of the killed process ends in a moment.
        await ExecuteAsync("UPDATE upkeep_leases SET expires_at = (now() AT TIME ZONE 'UTC') + interval '2 s'");
        using var next = ConsoleProcess.Start(ConnectionString, "prune", "--yes", "--json");
        var run = await next.ToEndAsync(Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("outcome").GetString(), Is.EqualTo("completed"));
        Assert.That(run.Json.GetProperty("rows").GetInt64(), Is.EqualTo(left));
        Assert.That(await ScalarAsync<bool>("SELECT last_outcome = 'completed' FROM upkeep_leases"), Is.True);
    }

    [Test]
    public async Task A_killed_rotation_is_completed_by_the_next()
    {
        using var place = new Workplace();
        var (old, current) = (KeysTests.NewKey("old"), KeysTests.NewKey("current"));
        var file = KeysTests.WriteKeys(place, current, old);
        await ExecuteAsync(KeysTests.Projects(number: 20));
        var stored = await ConsoleRun.StartAsync(
            ["keys", "rotate", "--yes", "--keys", KeysTests.WriteKeys(place, old)], connection: ConnectionString);
        Assert.That(stored.Code, Is.Zero, stored.Error);

        const string Current = "SELECT count(*) FROM projects WHERE env_vars LIKE 'enc:v2:current:%'";
        await using (await HoldAsync(KeysTests.Lock(place: 8)))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "keys", "rotate", "--yes", "--keys", file);
            await UntilMigratorWaitsForTableAsync();
            Assert.That(await ScalarAsync<long>(Current), Is.EqualTo(7));
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }

        await UntilAsync(NoSessions);
        // The deployment comes after the projects.
        var left = 21 - await ScalarAsync<long>(Current);
        using var next = ConsoleProcess.Start(ConnectionString, "keys", "rotate", "--yes", "--json", "--keys", file);
        var run = await next.ToEndAsync(Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("rotated").GetInt64(), Is.EqualTo(left).And.InRange(13, 14));
        Assert.That(run.Json.GetProperty("removable").EnumerateArray().Select(key => key.GetString()), Is.EqualTo(new[] { "old" }));
    }
}
