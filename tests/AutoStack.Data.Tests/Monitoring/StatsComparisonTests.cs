using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>What changed between two looks, resets and restarts included.</summary>
public sealed class StatsComparisonTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private static readonly DatabaseStats Earlier = new()
    {
        At = Start,
        Server = new ServerIdentity(150018, "autostack", 16384, "ada", Start.AddDays(-1), IsStandby: false, SeesAll: true),
        NotVisible = [],
        Totals = Totals(commits: 100, wal: 1_000),
        Tables = [Table("deployments", bytes: 1_000, inserted: 10), Table("dropped", bytes: 1, inserted: 1)],
        Indexes = [],
        Statements = [Statement(1, calls: 10, totalMs: 50), Statement(2, calls: 5, totalMs: 5)],
        StatementsResetAt = Start.AddDays(-1),
    };

    private static readonly DatabaseStats Later = Earlier with
    {
        At = Start.AddSeconds(60),
        Totals = Totals(commits: 160, wal: 5_000),
        Tables = [Table("deployments", bytes: 3_000, inserted: 25), Table("created", bytes: 1, inserted: 1)],
        Statements = [Statement(1, calls: 12, totalMs: 80), Statement(2, calls: 5, totalMs: 5), Statement(3, calls: 1, totalMs: 900)],
    };

    [Test]
    public void Growth_and_counters_are_differences()
    {
        var change = Later.Since(Earlier);

        Assert.That(change.Seconds, Is.EqualTo(60));
        Assert.That(change.Resets, Is.Empty);
        Assert.That((change.Totals!.Commits, change.Checkpoints!.WalBytes), Is.EqualTo((60, 4_000)));
        Assert.That(
            change.Tables.Select(t => (t.Name, t.Bytes, t.Inserted)), Is.EqualTo(new[] { ("deployments", (long?)2_000, (long?)15) }));
        Assert.That(change.Statements.Select(s => (s.QueryId, s.Calls, s.MeanMs)), Is.EqualTo(new[] { (1L, 2L, 15.0) }));
    }

    [Test]
    public void A_reset_of_the_database_hides_its_counters()
    {
        var change = (Later with { Totals = Later.Totals! with { ResetAt = Start.AddSeconds(30), Commits = 500 } }).Since(Earlier);

        Assert.That(change.Totals, Is.Null);
        Assert.That(change.Checkpoints, Is.Not.Null);
        Assert.That(change.Resets.Single(), Does.Contain("statistics of the database were reset at 2026-01-31 12:00:30Z"));
    }

    [Test]
    public void Counters_that_became_smaller_were_reset_without_notice()
    {
        var change = (Later with
        {
            Totals = Totals(commits: 3, wal: 20),
            Tables = [Table("deployments", bytes: 3_000, inserted: 2)],
        }).Since(Earlier);

        Assert.That((change.Totals, change.Checkpoints), Is.EqualTo(((TotalsChange?)null, (CheckpointChange?)null)));
        Assert.That(change.Tables.Single(), Is.EqualTo(new TableChange("public", "deployments", 2_000, null, null, null, null)));
        Assert.That(change.Resets, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_reset_of_the_extension_hides_the_statements()
    {
        var change = (Later with { StatementsResetAt = Start.AddSeconds(1) }).Since(Earlier);

        Assert.That(change.Statements, Is.Empty);
        Assert.That(change.Resets.Single(), Does.Contain("pg_stat_statements was reset"));
    }

    [Test]
    public void A_restart_is_told_and_counters_that_survived_count()
    {
        var change = (Later with { Server = Later.Server with { StartedAt = Start.AddSeconds(5) } }).Since(Earlier);

        Assert.That(change.Totals, Is.Not.Null);
        Assert.That(change.Resets.Single(), Does.Contain("The server was started at 2026-01-31 12:00:05Z"));
    }

    [Test]
    public void A_part_that_one_look_lacks_has_no_change()
    {
        var change = Later.Since(Earlier with { Totals = null, Tables = null, Statements = null });

        Assert.That((change.Totals, change.Tables.Count, change.Statements.Count), Is.EqualTo(((TotalsChange?)null, 0, 0)));
    }

    [Test]
    public void A_look_at_another_database_is_refused() =>
        Assert.That(
            () => Later.Since(Earlier with { Server = Earlier.Server with { DatabaseId = 1 } }),
            Throws.ArgumentException.With.Message.Contains("another database"));

    [Test]
    public void A_later_look_is_refused() =>
        Assert.That(() => Earlier.Since(Later), Throws.ArgumentException.With.Message.Contains("is later than this one"));

    private static TableStats Table(string name, long bytes, long inserted) => new()
    {
        Schema = "public",
        Name = name,
        TotalBytes = bytes,
        HeapBytes = bytes,
        ToastBytes = 0,
        IndexBytes = 0,
        LiveRows = inserted,
        DeadRows = 0,
        BloatBytes = null,
        Inserted = inserted,
        Updated = 0,
        HotUpdated = 0,
        Deleted = 0,
        SequentialScans = 0,
        SequentialRows = 0,
        IndexScans = 0,
        BlocksHit = 0,
        BlocksRead = 0,
        LastVacuum = null,
        LastAnalyze = null,
        FreezeAge = 0,
    };

    private static StatementStats Statement(long id, long calls, double totalMs) => new()
    {
        QueryId = id,
        Role = "ada",
        Operation = null,
        Text = "SELECT ?",
        Calls = calls,
        TotalMs = totalMs,
        MaxMs = totalMs,
        Rows = 0,
        BlocksHit = 0,
        BlocksRead = 0,
        TempBlocks = 0,
        WalBytes = 0,
    };

    private static DatabaseTotals Totals(long commits, long wal) => new()
    {
        Bytes = 1_000,
        MaxConnections = 100,
        Connections = 1,
        Commits = commits,
        Rollbacks = 0,
        Deadlocks = 0,
        TempFiles = 0,
        TempBytes = 0,
        BlocksHit = commits,
        BlocksRead = 0,
        SessionsLost = 0,
        Conflicts = 0,
        ChecksumFailures = null,
        FreezeAge = 0,
        ResetAt = null,
        TimedCheckpoints = 0,
        RequestedCheckpoints = 0,
        CheckpointWriteMs = 0,
        CheckpointBlocks = 0,
        BackgroundBlocks = 0,
        CheckpointsResetAt = Start.AddDays(-1),
        WalBytes = wal,
        WalBuffersFull = 0,
        WalResetAt = Start.AddDays(-1),
    };
}
