using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ConcurrentMigratorTests : MigrationTests
{
    private const int Migrators = 8;
    private const int Processes = 4;

    private static readonly string LockHolder = $"""
        SELECT pid
        FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND objid::bigint = {MigrationLock.Key & uint.MaxValue}
        """;

    [Test]
    public async Task Eight_migrators_apply_each_version_of_an_empty_database_once()
    {
        // An uncommitted table of that name blocks the first script until all migrators have started.
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");

        var reports = await RunTogetherAsync(obstacle);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(reports.Sum(report => report.Steps.Count), Is.EqualTo(Head));
            Assert.That(reports.Select(report => report.ToVersion), Is.All.EqualTo(Head));
            Assert.That(reports.Count(report => report.Steps.Count > 0), Is.EqualTo(1));
            Assert.That(await AppliedAsync(), Is.EqualTo(Enumerable.Range(1, Head).Select(version => $"{version}")));
        }
    }

    [Test]
    public async Task Eight_migrators_apply_each_pending_version_once()
    {
        await StartAtAsync(5);
        await using var obstacle = await HoldAsync("LOCK TABLE deployments");

        var reports = await RunTogetherAsync(obstacle);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(reports.SelectMany(report => report.Steps).Select(step => step.Version), Is.EqualTo(Enumerable.Range(6, Head - 5)));
            Assert.That(reports.Select(report => report.ToVersion), Is.All.EqualTo(Head));
            Assert.That(await AppliedAsync(), Is.EqualTo(Enumerable.Range(1, Head).Select(version => $"{version}")));
        }
    }

    [TestCase(0, "CREATE TABLE users ()")]
    [TestCase(5, "LOCK TABLE deployments")]
    public async Task Of_four_processes_one_migrates_and_all_succeed(int from, string inItsWay)
    {
        if (from > 0)
        {
            await StartAtAsync(from);
        }

        await using var obstacle = await HoldAsync(inItsWay);
        var consoles = Enumerable.Range(0, Processes).Select(_ => ConsoleProcess.Start(ConnectionString, "upgrade", "--json")).ToList();
        try
        {
            await UntilAllAreUnderWayAsync(Processes);
            obstacle.Release();
            var runs = await Task.WhenAll(consoles.Select(console => console.ToEndAsync(Token)));

            var steps = runs.Select(
                run => run.Json.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("version").GetInt32()).ToList())
                .ToList();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(runs.Select(run => run.Code), Is.All.Zero);
                Assert.That(runs.Select(run => run.Json.GetProperty("to").GetInt32()), Is.All.EqualTo(Head));
                Assert.That(steps.SelectMany(applied => applied), Is.EqualTo(Enumerable.Range(from + 1, Head - from)));
                Assert.That(steps.Count(applied => applied.Count > 0), Is.EqualTo(1));
                Assert.That(await AppliedAsync(), Is.EqualTo(Enumerable.Range(1, Head).Select(version => $"{version}")));
            }
        }
        finally
        {
            consoles.ForEach(console => console.Dispose());
        }
    }

    [Test]
    public async Task A_waiting_migrator_reports_the_lock_holder()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var first = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        var holder = await ScalarAsync<int>(LockHolder);

        var recorder = new Recorder();
        var second = Migrator().UpgradeAsync(progress: recorder, cancellationToken: Token);
        var waiting = await recorder.Waiting.WaitAsync(Token);
        obstacle.Release();
        await first;
        var report = await second;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(waiting.Holder, Does.StartWith($"pid {holder}, {MigratorName}"));
            Assert.That(report.Steps, Is.Empty);
            Assert.That(
                (MigrationPlanned)recorder.Events[^1] with { Sets = [] },
                Is.EqualTo(new MigrationPlanned(Head, Head, 0) { Sets = [] }));
        }
    }

    [Test]
    public async Task A_migrator_without_wait_fails_with_Locked_and_names_the_holder()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var first = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        var holder = await ScalarAsync<int>(LockHolder);

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero }).UpgradeAsync(cancellationToken: Token))!;
        obstacle.Release();
        await first;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
            Assert.That(failure.Message, Does.Contain($"pid {holder}"));
            Assert.That(failure.Result, Is.Null);
        }
    }

    [Test]
    public async Task A_waiting_migrator_can_be_cancelled()
    {
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var first = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();

        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var recorder = new Recorder(reported => cancelling.Cancel());
        var second = Migrator().UpgradeAsync(progress: recorder, cancellationToken: cancelling.Token);

        Assert.That(async () => await second, Throws.InstanceOf<OperationCanceledException>());
        obstacle.Release();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(recorder.Events, Is.Not.Empty.And.All.InstanceOf<WaitingForLock>());
            Assert.That((await first).ToVersion, Is.EqualTo(Head));
        }
    }

    [Test]
    public async Task The_lock_is_free_when_a_migrator_returns()
    {
        var migrator = Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero });
        for (var run = 1; run <= 20; run++)
        {
            var report = await migrator.UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
            Assert.That(report.ToVersion, Is.EqualTo(1), $"run {run}");
        }
    }

    [Test]
    public async Task A_migrator_that_lost_its_lock_stops_before_the_next_script()
    {
        var scripts = Scripts("CREATE TABLE first ()", "CREATE TABLE second ()");
        var between = AfterEachStep(() =>
        {
            ExecuteAsync($"SELECT pg_terminate_backend(({LockHolder}))").GetAwaiter().GetResult();
            UntilAsync($"SELECT NOT EXISTS ({LockHolder})").GetAwaiter().GetResult();
        });

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts).UpgradeAsync(progress: between, cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.LockLost));
            Assert.That(failure.Result?.Steps.Select(step => step.Version), Is.EqualTo(new[] { 1 }));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
            Assert.That(await ExistsAsync("second"), Is.False);
        }
    }

    /// <summary>Starts all, waits until the obstacle blocks one and each other one has a session, then removes the obstacle.</summary>
    private async Task<MigrationResult[]> RunTogetherAsync(OpenTransaction obstacle)
    {
        var runs = Enumerable.Range(0, Migrators).Select(_ => Task.Run(() => Migrator().UpgradeAsync(cancellationToken: Token), Token))
            .ToList();
        await UntilAllAreUnderWayAsync(Migrators);
        obstacle.Release();
        return await Task.WhenAll(runs);
    }

    // The one that works has two sessions.
    private Task UntilAllAreUnderWayAsync(int migrators) => UntilAsync($"""
        SELECT count(*) > {migrators} AND bool_or(wait_event_type = 'Lock')
        FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = '{MigratorName}'
        """);
}
