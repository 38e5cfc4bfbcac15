using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Upkeep;

/// <summary><c>prune</c> and <c>keys rotate</c> in processes of their own, killed while a lock of the test blocks them.</summary>
[UnsupportedOSPlatform("windows")]
[Platform(Exclude = "Win")]
public sealed class KilledUpkeepTests : MigrationTests
{
    [SetUp]
    public Task StartAsync() => StartAtAsync(Head);

    [Test]
    public async Task A_killed_prune_is_completed_by_the_next()
    {
        await ExecuteAsync(Filling.Sql(sessions: 5, lines: 3001));
        await using (await HoldAsync("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE"))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "prune", "--yes");
            await UntilMigratorWaitsForTableAsync();
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(1), "The logs come first.");
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }

        Assert.That(await ScalarAsync<bool>("SELECT released_at IS NULL AND last_finished_at IS NULL FROM upkeep_leases"), Is.True);

        // The lease of the killed process ends in a moment.
        await ExecuteAsync("UPDATE upkeep_leases SET expires_at = (now() AT TIME ZONE 'UTC') + interval '2 s'");
        using var next = ConsoleProcess.Start(ConnectionString, "prune", "--yes", "--json");
        var run = await next.ToEndAsync(Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That((run.Json.GetProperty("outcome").GetString(), run.Json.GetProperty("rows").GetInt64()), Is.EqualTo(("completed", 5)));
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
        await using (await HoldAsync("SELECT id FROM projects ORDER BY id OFFSET 7 LIMIT 1 FOR UPDATE"))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "keys", "rotate", "--yes", "--keys", file);
            await UntilMigratorWaitsForTableAsync();
            Assert.That(await ScalarAsync<long>(Current), Is.EqualTo(7));
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }

        // The server ends the statement of the killed process, or carries it out.
        await UntilAsync($"SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{MigratorName}'");
        var left = 20 - await ScalarAsync<long>(Current);
        using var next = ConsoleProcess.Start(ConnectionString, "keys", "rotate", "--yes", "--json", "--keys", file);
        var run = await next.ToEndAsync(Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("rotated").GetInt64(), Is.EqualTo(left).And.InRange(12, 13));
        Assert.That(run.Json.GetProperty("removable").EnumerateArray().Select(key => key.GetString()), Is.EqualTo(new[] { "old" }));
    }
}
