using AutoStack.Data.Archives;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Retention with an archive: a partition is dropped when all its rows are in a verified archive, and not before.</summary>
[CancelAfter(300_000)]
public sealed class ArchiveRetentionTests : ArchiveTestsBase
{
    [Test]
    public async Task A_partition_is_archived_and_then_dropped()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync($"CREATE TABLE restored.before AS SELECT * FROM autostack_partitions.{AprilLogs}");

        var results = await RetainAsync(Store);

        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That(results.Select(result => result.Partitions), Is.EqualTo(new[] { 2, 2, 2 }));
        Assert.That(await CountAsync("deployment_logs"), Is.Zero);
        var archive = (await ArchivesAsync()).Single();
        await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "after"), Store, null, Token);
        Assert.That(await CountAsync("restored.after"), Is.EqualTo(3L));
        Assert.That(await CountDifferencesAsync("restored.before", "restored.after"), Is.Zero);

        // The number of a dropped line is not given again.
        await AppendAsync(deployment, June, 1);
        Assert.That(await ScalarAsync("SELECT seq FROM deployment_logs"), Is.EqualTo(4L));
    }

    [TestCase(".csv.gz", 0)]
    [TestCase(".json", 0)]
    public async Task A_store_that_fails_keeps_the_partition_and_is_reported(string end, int bytes)
    {
        var deployment = await AddAprilAsync();
        await AppendAsync(await AddDefaultAsync(), April.AddYears(-1), 2);
        var store = new ChangedStore(Store) { Full = (end, bytes) };

        var results = await RetainAsync(store);

        Assert.That(results[0].Failure, Is.TypeOf<ArchiveException>().With.Message.Contains("No space left on device"));
        Assert.That((results[0].MoreLeft, results[0].Rows), Is.EqualTo((true, 0L)));
        Assert.That(results.Skip(1).Select(result => result.Failure), Is.All.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs WHERE deployment_id = $1", deployment), Is.EqualTo(3L));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(5L));

        // The store is mended.
        store.Full = null;
        Assert.That((await RetainAsync(store))[0].Failure, Is.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs WHERE deployment_id = $1", deployment), Is.Zero);
        Assert.That(await ArchivesAsync(), Has.Count.EqualTo(1));
    }

    [TestCase(".json", "There is no manifest: the archive was not completed.")]
    [TestCase(".csv.gz", "The file with the rows is missing.")]
    public async Task A_store_that_loses_an_object_after_its_write_keeps_the_partition(string end, string problem)
    {
        await AddAprilAsync();
        var store = new ChangedStore(Store)
        {
            AfterWrite = name =>
            {
                if (name.EndsWith(".json", StringComparison.Ordinal))
                {
                    File.Delete(Directory.EnumerateFiles(Folder, $"*{end}").Single());
                }

                return Task.CompletedTask;
            },
        };

        var results = await RetainAsync(store);

        Assert.That(
            results[0].Failure,
            Is.TypeOf<ArchiveException>().With.Message.Match($"^The archive store did not keep the manifest of {AprilLogs}-.*{problem}$"));
        Assert.That(await CountAsync($"autostack_partitions.{AprilLogs}"), Is.EqualTo(3L));
        Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
    }

    // An HttpClient reports its own time limit as a cancellation.
    [TestCase("before a write")]
    [TestCase("within a write")]
    [TestCase("list")]
    [TestCase("open")]
    [TestCase("read")]
    public async Task A_store_that_ends_a_call_by_its_own_time_limit_fails_one_table(string place)
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            VALUES ($1, $2, 'u', TRUE, '2026-04-10')
            """,
            Guid.CreateVersion7(April), deployment);
        var hasFailed = false;
        var store = new ChangedStore(Store)
        {
            BeforeWrite = _ => TimeOut("before a write"),
            BeforeList = () => TimeOut("list"),
            BeforeOpen = _ => TimeOut("open"),
            Full = place == "within a write" ? (".csv.gz", 0) : null,
            AtFull = () => TimeOut("within a write").GetAwaiter().GetResult(),
            Broken = place == "read" ? 0 : null,
            AtBroken = () => TimeOut("read").GetAwaiter().GetResult(),
        };

        var results = await RetainAsync(store);

        Assert.That(
            results[0].Failure,
            Is.TypeOf<ArchiveException>().With.Message.StartsWith("The archive store failed while ").And.InnerException
                .InstanceOf<OperationCanceledException>());
        Assert.That(results[0].Partitions, Is.EqualTo(1), "the partition of March, which has no rows, was dropped before");
        Assert.That(results.Skip(1).Select(result => (result.Failure, result.Partitions)), Is.All.EqualTo(((Exception?)null, 2)));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(3L));
        Assert.That(await CountAsync("deployment_health_checks"), Is.Zero);

        Task TimeOut(string here)
        {
            if (here != place || hasFailed)
            {
                return Task.CompletedTask;
            }

            hasFailed = true;
            return Task.FromException(new TaskCanceledException("The request timed out.", new TimeoutException()));
        }
    }

    // The worst case: as many rows have gone as have come, so that the number is that of the archive.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_row_that_comes_between_archive_and_drop_is_archived_too(bool anotherGoes)
    {
        var (deployment, other) = (await AddAprilAsync(), await AddAprilAsync(1));
        var writes = 0;
        var store = new ChangedStore(Store)
        {
            AfterWrite = async name =>
            {
                if (name.EndsWith(".json", StringComparison.Ordinal) && writes++ == 0)
                {
                    await AppendAsync(deployment, April, 1);
                    if (anotherGoes)
                    {
                        await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id = $1", other);
                    }
                }
            },
        };

        var results = await RetainAsync(store);

        Assert.That(results[0].Failure, Is.Null);
        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
        Assert.That((writes, (await ArchivesAsync()).Count), Is.EqualTo((2, 2)));
        foreach (var archive in await ArchivesAsync())
        {
            await Restore.RestoreAsync(
                archive.Name, RestoreTarget.Table("restored", $"r{archive.Rows}_{archive.Name[^8..]}"), Store, null, Token);
        }

        var late = (await ArchivesAsync()).OrderBy(archive => archive.CreatedAt).Select(archive => archive.Rows).ToList();
        Assert.That(late, Is.EquivalentTo(anotherGoes ? [4L, 4L] : new[] { 4L, 5L }));
        Assert.That(await LateLinesAsync(deployment), Is.EqualTo(1L), "the late line, number 4, is in one of the two archives");
    }

    // The row is written by a transaction that is open while the partition is archived, and commits while the drop waits for its lock.
    [Test]
    public async Task A_row_of_an_open_transaction_is_not_lost()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync("DROP TABLE autostack_partitions.deployment_logs_p20260331");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var late = connection.CreateCommand())
        {
            late.CommandText = $"""
                INSERT INTO deployment_logs (deployment_id, message, timestamp) VALUES ('{deployment}', 'late', '2026-04-10')
                """;
            await late.ExecuteNonQueryAsync(Token);
        }

        var run = RetainAsync(Store);
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);
        var results = await run;

        Assert.That(results[0].Failure, Is.Null);
        Assert.That((await ArchivesAsync()).Select(archive => archive.Rows), Is.EquivalentTo(new[] { 3L, 4L }));
        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
    }

    // A reader of the logs blocks the last step of the drop; the late line is archived, because the drop compares the rows again.
    [Test]
    public async Task A_late_line_is_stored_and_archived_while_the_drop_of_an_archived_partition_waits()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync("DROP TABLE autostack_partitions.deployment_logs_p20260331");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var reading = await connection.BeginTransactionAsync(Token);
        await using (var read = connection.CreateCommand())
        {
            read.CommandText = "SELECT count(*) FROM deployment_logs";
            await read.ExecuteNonQueryAsync(Token);
        }

        var run = RetainAsync(Store);
        await UntilHeldAsync();
        await AppendAsync(deployment, April, 1);
        Assert.That(run.IsCompleted, Is.False, "the reader blocks the drop");
        await reading.RollbackAsync(Token);
        var results = await run;

        Assert.That(results[0].Failure, Is.Null);
        Assert.That((await ArchivesAsync()).Select(archive => archive.Rows), Is.EquivalentTo(new[] { 3L, 4L }));
        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
    }

    [Test]
    public async Task A_held_partition_has_the_content_of_one_that_is_not_held()
    {
        await AddAprilAsync(4_000);
        await ExecuteAsync($"DELETE FROM autostack_partitions.{AprilLogs} WHERE seq BETWEEN 500 AND 2500");
        const string content = "SELECT concat_ws(' ', c.row_count, c.content, c.newest) FROM log_partition_content($1, $2) c";

        var held = await ScalarAsync(content, AprilLogs, true);

        Assert.That(held, Is.EqualTo(await ScalarAsync(content, AprilLogs, false)));
        Assert.That(held, Does.StartWith("1999 "));
        Assert.That(
            await ScalarAsync($"SELECT pg_relation_size('autostack_partitions.{AprilLogs}') / 8192"), Is.GreaterThan(32L),
            "several parts are read");
        Assert.That(await ScalarAsync(content, "deployment_logs_p20260501", true), Is.EqualTo("0 0"));
    }

    [Test]
    public async Task A_partition_that_changes_each_time_stays()
    {
        var deployment = await AddAprilAsync();
        var store = new ChangedStore(Store)
        {
            AfterWrite = name => name.EndsWith(".json", StringComparison.Ordinal) ? AppendAsync(deployment, April, 1) : Task.CompletedTask,
        };

        var results = await RetainAsync(store);

        Assert.That(results[0].Failure, Is.TypeOf<ArchiveException>().With.Message.Contains("gets new rows while it is archived"));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(6L));
    }

    [Test]
    public async Task A_partition_with_a_young_row_stays_whole_and_is_not_archived()
    {
        var (old, busy) = (await AddAprilAsync(), await AddAprilAsync());
        await AppendAsync(busy, June, 1);

        var results = await RetainAsync(Store);

        Assert.That(results[0].Failure, Is.Null);
        Assert.That((results[0].Partitions, results[0].Rows), Is.EqualTo((1, 0L)), "the partition of one day in March");
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(7L), "rows that are purged one by one would be in no archive");
        Assert.That(await ArchivesAsync(), Is.Empty);
        Assert.That(old, Is.Not.EqualTo(busy));
    }

    [Test]
    public async Task A_run_that_was_killed_between_manifest_and_drop_is_completed_by_the_next()
    {
        await AddAprilAsync();
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        var results = await RetainAsync(Store);

        Assert.That(results[0].Failure, Is.Null);
        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
        Assert.That((await ArchivesAsync()).Select(one => one.Name), Is.EqualTo(new[] { archive.Name }));
    }

    [Test]
    public async Task Two_runs_at_once_drop_a_partition_once()
    {
        await AddAprilAsync();

        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => RetainAsync(Store)));

        Assert.That(runs.SelectMany(results => results).Select(result => result.Failure), Is.All.Null);
        Assert.That(runs.Sum(results => results[0].Partitions), Is.EqualTo(2));
        Assert.That((await ArchivesAsync()).Select(archive => archive.Rows), Is.Not.Empty.And.All.EqualTo(3));
    }

    // A partition that was attached by hand: the library reads any bound, and drops what has a start and an end only.
    [TestCase("('ffffffff-ffff-4fff-bfff-000000000000') TO ('ffffffff-ffff-ffff-ffff-ffffffffffff')", "99991231 to 99991231")]
    [TestCase("('ffffffff-ffff-4fff-bfff-000000000000') TO (MAXVALUE)", "99991231 to ")]
    [TestCase("(MINVALUE) TO ('00000000-0000-0000-0000-000000000001')", " to 19700101")]
    public async Task A_partition_with_any_bound_stops_neither_status_nor_retention(string bounds, string period)
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync($"""
            CREATE TABLE autostack_partitions.by_hand (LIKE public.deployment_logs INCLUDING ALL);
            ALTER TABLE public.deployment_logs ATTACH PARTITION autostack_partitions.by_hand FOR VALUES FROM {bounds}
            """);

        var status = await Get<IPartitionMaintenance>().MaintainAsync(Token);
        var byHand = status.Tables[0].Partitions.Single(partition => partition.Name == "by_hand");
        var alone = await Archive.ArchiveAsync("by_hand", Store, null, Token);
        var archived = await Archive.ArchivePastAsync(DateTimeOffset.MaxValue, Store, null, Token);
        var results = await RetainAsync(Store);

        Assert.That(FormattableString.Invariant($"{byHand.From:yyyyMMdd} to {byHand.Until:yyyyMMdd}"), Is.EqualTo(period));
        Assert.That(byHand.IsDefault, Is.False);
        Assert.That(alone, Is.Null);
        Assert.That(archived.Select(result => result.Partition.Name), Has.Member(AprilLogs).And.No.Member("by_hand"));
        Assert.That(archived.Select(result => result.Failure), Is.All.Null);
        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That(results[0].Partitions, Is.EqualTo(2));
        Assert.That(await ExistsAsync("autostack_partitions.by_hand"), Is.True);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs WHERE deployment_id = $1", deployment), Is.Zero);
    }

    private async Task UntilHeldAsync()
    {
        while (await ScalarAsync(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = to_regclass($1) AND mode = 'ShareLock' AND granted)",
            $"autostack_partitions.{AprilLogs}") is not true)
        {
            await Task.Delay(5, Token);
        }
    }

    private async Task<object?> LateLinesAsync(Guid deployment)
    {
        var tables = (string)(await ScalarAsync("""
            SELECT string_agg('SELECT * FROM restored.' || relname, ' UNION ALL ')
            FROM pg_class
            WHERE relnamespace = 'restored'::regnamespace AND relkind = 'r'
            """))!;
        return await ScalarAsync($"SELECT count(*) FROM ({tables}) l WHERE deployment_id = $1 AND seq = 4", deployment);
    }

    // Its id is of version 4, so that its lines are in the default partition.
    private async Task<Guid> AddDefaultAsync()
    {
        var project = await AddProjectAsync();
        var id = new Guid("00000000-0000-4000-8000-000000000001");
        await Deployments.EnqueueAsync(new() { Id = id, ProjectId = project.Id, UserId = project.UserId }, Token);
        return id;
    }
}
