using AutoStack.Data.Archives;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Partitions and columns that an operator made: their rows are archived whole, and periods are created around them.</summary>
[CancelAfter(300_000)]
public sealed class HandmadePartitionTests : ArchiveTestsBase
{
    [Test]
    public async Task Partitions_that_meet_within_a_millisecond_are_archived_whole()
    {
        await ExecuteAsync($"DROP TABLE autostack_partitions.{AprilLogs}");
        var bound = IdOf(April, "7800");
        await AttachAsync("by_hand_a", $"('{IdOf(April.AddDays(-1))}') TO ('{bound}')");
        await AttachAsync("by_hand_b", $"('{bound}') TO ('{IdOf(April.AddDays(1), "7abc")}')");
        await AddAsync(IdOf(April, "77ff"));
        await AddAsync(bound);
        await AddAsync(IdOf(April.AddDays(1), "7abb"));
        await ExecuteAsync("CREATE TABLE restored.before AS SELECT * FROM deployment_logs");

        var results = await RetainAsync(Store);

        Assert.That(results[0].Failure, Is.Null);
        Assert.That(await CountAsync("deployment_logs"), Is.Zero);
        var (first, second) = ((await ArchivesAsync("by_hand_a")).Single(), (await ArchivesAsync("by_hand_b")).Single());
        Assert.That((first.Rows, second.Rows), Is.EqualTo((2L, 4L)));
        Assert.That((first.From, first.Until), Is.EqualTo((April.AddDays(-1), April.AddMilliseconds(1))));
        await Restore.RestoreAsync(first.Name, RestoreTarget.Table("restored", "a"), Store, null, Token);
        await Restore.RestoreAsync(second.Name, RestoreTarget.Table("restored", "b"), Store, null, Token);
        Assert.That(
            await CountDifferencesAsync("restored.before", "(SELECT * FROM restored.a UNION ALL SELECT * FROM restored.b) l"), Is.Zero);
    }

    [Test]
    public async Task Periods_begin_after_a_partition_that_ends_within_a_millisecond()
    {
        var end = new DateTimeOffset(2026, 7, 10, 12, 0, 0, 123, TimeSpan.Zero);
        await AttachAsync("by_hand", $"('{IdOf(new(2026, 6, 22, 0, 0, 0, TimeSpan.Zero))}') TO ('{IdOf(end, "7abc")}')");

        var created = await Get<IPartitionMaintenance>().MaintainAsync(Token);
        var again = await Get<IPartitionMaintenance>().MaintainAsync(Token);

        Assert.That(PeriodsOf(created), Is.EqualTo(new[]
        {
            "by_hand 06-22 00:00:00.000 to 07-10 12:00:00.124",
            "deployment_logs_p20260710 07-10 12:00:00.124 to 08-01 00:00:00.000",
            "deployment_logs_p20260801 08-01 00:00:00.000 to 09-01 00:00:00.000",
        }));
        Assert.That(created.Tables[0].RefusesFrom, Is.Null);
        Assert.That(PeriodsOf(again), Is.EqualTo(PeriodsOf(created)));
    }

    [TestCase("MAXVALUE")]
    [TestCase("'ffffffff-ffff-ffff-ffff-ffffffffffff'")]
    public async Task Periods_end_before_a_partition_without_an_end(string bound)
    {
        await AttachAsync("by_hand", $"('{IdOf(new(2026, 8, 1, 0, 0, 0, TimeSpan.Zero), "7abc")}') TO ({bound})");

        var created = await Get<IPartitionMaintenance>().MaintainAsync(Token);
        await AddAsync(Guid.CreateVersion7(new DateTimeOffset(2026, 7, 2, 0, 0, 0, TimeSpan.Zero)));
        await AddAsync(Guid.CreateVersion7(new DateTimeOffset(2027, 7, 2, 0, 0, 0, TimeSpan.Zero)));

        Assert.That(PeriodsOf(created).Take(2), Is.EqualTo(new[]
        {
            "deployment_logs_p20260622 06-22 00:00:00.000 to 07-01 00:00:00.000",
            "deployment_logs_p20260701 07-01 00:00:00.000 to 08-01 00:00:00.000",
        }));
        Assert.That(created.Tables[0].RefusesFrom, Is.Null);
        Assert.That(
            await ScalarAsync("SELECT string_agg(tableoid::regclass::text, ' ' ORDER BY deployment_id, seq) FROM deployment_logs"),
            Is.EqualTo("autostack_partitions.deployment_logs_p20260701 autostack_partitions.deployment_logs_p20260701 "
                + "autostack_partitions.by_hand autostack_partitions.by_hand"));
    }

    [Test]
    public async Task A_period_that_was_reserved_before_a_partition_was_attached_there_is_reserved_anew()
    {
        await ExecuteAsync("SELECT reserve_log_partitions('deployment_logs', '2026-06-20')");
        var start = new DateTimeOffset(2026, 7, 1, 0, 0, 0, TimeSpan.Zero);
        await AttachAsync("by_hand", $"('{IdOf(start)}') TO ('{IdOf(start.AddDays(14))}')");

        var created = await Get<IPartitionMaintenance>().MaintainAsync(Token);
        created = await Get<IPartitionMaintenance>().MaintainAsync(Token);

        Assert.That(PeriodsOf(created).Select(period => period.Split(' ')[0]), Is.EqualTo(new[]
        {
            "deployment_logs_p20260622", "by_hand", "deployment_logs_p20260715", "deployment_logs_p20260801",
        }));
        Assert.That(created.Tables[0].RefusesFrom, Is.Null);
    }

    [Test]
    public async Task A_period_whose_name_a_table_has_gets_another_name()
    {
        await ExecuteAsync("CREATE TABLE autostack_partitions.deployment_logs_p20260701 (note text)");

        var created = await Get<IPartitionMaintenance>().MaintainAsync(Token);

        Assert.That(PeriodsOf(created), Has.Member("deployment_logs_p20260701_2 07-01 00:00:00.000 to 08-01 00:00:00.000"));
        Assert.That(created.Tables[0].RefusesFrom, Is.Null);
    }

    [Test]
    public async Task A_partition_without_a_start_or_an_end_is_not_dropped_by_the_function_either()
    {
        await AttachAsync("by_hand", $"(MINVALUE) TO ('{IdOf(April.AddYears(-1))}')");
        await AddAsync(IdOf(April.AddYears(-2)));

        Assert.That(await ScalarAsync("SELECT drop_log_partition('by_hand', '2030-01-01')"), Is.False);
        Assert.That(await CountAsync("autostack_partitions.by_hand"), Is.EqualTo(2L));
    }

    [Test]
    public async Task A_partition_in_another_schema_is_purged_one_by_one_and_keeps_no_other_row()
    {
        await ExecuteAsync($"""
            CREATE TABLE restored.old (LIKE public.deployment_logs INCLUDING ALL);
            ALTER TABLE public.deployment_logs ATTACH PARTITION restored.old
                FOR VALUES FROM ('{IdOf(April.AddYears(-1))}') TO ('{IdOf(April.AddYears(-1).AddDays(1))}')
            """);
        await AddAsync(IdOf(April.AddYears(-1)));
        await AddAsync(Guid.NewGuid());
        await AddAprilAsync();

        var results = await RetainAsync(Store);

        Assert.That(results[0].Failure, Is.Null);
        Assert.That(await ScalarAsync("SELECT string_agg(DISTINCT seq::text, '') FROM deployment_logs"), Is.EqualTo("2"), "the last lines");
        Assert.That(await ArchivesAsync(), Has.Count.EqualTo(1));
        Assert.That(await ExistsAsync("restored.old"), Is.True);
    }

    [Test]
    public async Task A_generated_column_is_archived_and_a_restore_as_partition_names_it()
    {
        await AddAprilAsync();
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN long int GENERATED ALWAYS AS (length(message)) STORED");
        try
        {
            await ExecuteAsync("CREATE TABLE restored.before AS SELECT * FROM deployment_logs");
            await Get<IPartitionMaintenance>().MaintainAsync(Token);
            await AddAsync(Guid.CreateVersion7(new DateTimeOffset(2026, 7, 2, 0, 0, 0, TimeSpan.Zero)));
            var results = await RetainAsync(Store);
            var archive = (await ArchivesAsync()).Single();

            Assert.That(results[0].Failure, Is.Null);
            Assert.That(await ScalarAsync("SELECT bool_and(long = length(message)) FROM deployment_logs"), Is.True);
            Assert.That(
                () => Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token),
                Throws.TypeOf<ArchiveException>().With.Message.Contains("The column long of deployment_logs is generated"));
            Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
            await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "after"), Store, null, Token);
            Assert.That(await CountDifferencesAsync("restored.before", "restored.after"), Is.Zero);
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN long");
        }
    }

    // The first id of a millisecond, or one within it.
    private static Guid IdOf(DateTimeOffset moment, string version = "0000")
    {
        var time = moment.ToUnixTimeMilliseconds().ToString("x12", null);
        return Guid.Parse($"{time[..8]}-{time[8..]}-{version}-0000-000000000000");
    }

    // The partitions from the middle of June on.
    private static List<string> PeriodsOf(PartitionStatus status) =>
    [
        .. from partition in status.Tables[0].Partitions
           where partition.From >= June.AddDays(-1)
           select FormattableString.Invariant(
               $"{partition.Name} {partition.From:MM-dd HH:mm:ss.fff} to {partition.Until:MM-dd HH:mm:ss.fff}"),
    ];

    private Task<int> AttachAsync(string name, string bounds) => ExecuteAsync($"""
        CREATE TABLE autostack_partitions.{name} (LIKE public.deployment_logs INCLUDING ALL);
        ALTER TABLE public.deployment_logs ATTACH PARTITION autostack_partitions.{name} FOR VALUES FROM {bounds}
        """);

    // A deployment with two lines.
    private async Task AddAsync(Guid id)
    {
        var project = await AddProjectAsync();
        await Deployments.EnqueueAsync(new() { Id = id, ProjectId = project.Id, UserId = project.UserId }, Token);
        await AppendAsync(id, April, 2);
    }
}
