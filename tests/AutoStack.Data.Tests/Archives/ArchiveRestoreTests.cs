using AutoStack.Data.Archives;
using AutoStack.Data.Partitions;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Archives come back as tables and as partitions, whole or not at all, and replace nothing.</summary>
[CancelAfter(300_000)]
public sealed class ArchiveRestoreTests : ArchiveTestsBase
{
    private static readonly RestoreTarget Table = RestoreTarget.Table("restored", "logs");

    [Test]
    public async Task A_dropped_partition_is_attached_again()
    {
        var (kept, removed) = (await AddAprilAsync(), await AddAprilAsync(2));
        await ExecuteAsync($"CREATE TABLE restored.before AS SELECT * FROM deployment_logs WHERE deployment_id = '{kept}'");
        await RetainAsync(Store);
        await ExecuteAsync("DELETE FROM deployments WHERE id = $1", removed);

        // A line that comes later goes into the default partition.
        await AppendAsync(kept, April, 1);
        Assert.That(await CountAsync("autostack_partitions.deployment_logs_default"), Is.EqualTo(1L));
        var archive = (await ArchivesAsync()).Single();
        var result = await Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token);
        var again = await Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token);

        Assert.That(result, Is.EqualTo(new RestoreResult(
            $"autostack_partitions.{AprilLogs}", 5, RestoreOutcome.Restored)
        { LeftOut = 2 }));
        Assert.That(again!.Outcome, Is.EqualTo(RestoreOutcome.AlreadyRestored));
        Assert.That(await CountDifferencesAsync("restored.before", "(SELECT * FROM deployment_logs WHERE seq < 4) l"), Is.Zero);
        Assert.That(await ScalarAsync("SELECT string_agg(seq::text, ' ' ORDER BY seq) FROM deployment_logs"), Is.EqualTo("1 2 3 4"));
        Assert.That(await CountAsync("autostack_partitions.deployment_logs_default"), Is.Zero);
        var status = await Get<IPartitionMaintenance>().FindStatusAsync(Token);
        Assert.That(
            status.Tables[0].Partitions.Select(partition => partition.Name), Does.Contain(AprilLogs));

        // It is a partition as every other: its keys, its trigger, and retention.
        Assert.That(
            () => ExecuteAsync("INSERT INTO deployment_logs SELECT * FROM deployment_logs"), Throws.InstanceOf<Npgsql.PostgresException>());
        await AppendAsync(kept, April, 1);
        Assert.That(await CountAsync($"autostack_partitions.{AprilLogs}"), Is.EqualTo(5L));
        Assert.That(await ScalarAsync("SELECT max(seq) FROM deployment_logs"), Is.EqualTo(5L));
        Assert.That(await ScalarAsync($"""
            SELECT count(*) FROM pg_constraint
            WHERE conrelid = 'autostack_partitions.{AprilLogs}'::regclass AND contype <> 'n'
            """), Is.EqualTo(await ScalarAsync("""
            SELECT count(*) FROM pg_constraint
            WHERE conrelid = 'autostack_partitions.deployment_logs_p20260501'::regclass AND contype <> 'n'
            """)));
        Assert.That((await RetainAsync(Store))[0].Partitions, Is.EqualTo(1));
        Assert.That(await CountAsync("deployment_logs"), Is.Zero);
    }

    [Test]
    public async Task Health_checks_and_output_are_attached_again()
    {
        var deployment = await AddAprilAsync();
        foreach (var table in new[] { "deployment_health_checks", "deployment_runtime_logs" })
        {
            await ExecuteAsync(
                table == "deployment_runtime_logs"
                    ? "INSERT INTO deployment_runtime_logs (id, deployment_id, message, timestamp) VALUES ($1, $2, 'm', '2026-04-10')"
                    : """
                    INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
                    VALUES ($1, $2, 'u', TRUE, '2026-04-10')
                    """,
                Guid.CreateVersion7(April), deployment);
            await ExecuteAsync($"CREATE TABLE restored.{table} AS SELECT * FROM {table}");
        }

        await RetainAsync(Store);
        foreach (var table in new[] { "deployment_health_checks", "deployment_runtime_logs" })
        {
            Assert.That(await CountAsync(table), Is.Zero);
            await Restore.RestoreAsync(
                (await ArchivesAsync($"{table}_p20260401")).Single().Name, RestoreTarget.Partition, Store, null, Token);
            Assert.That(await CountAsync(table), Is.EqualTo(1L));
            Assert.That(await CountDifferencesAsync(table, $"restored.{table}"), Is.Zero);
        }
    }

    [Test]
    public async Task Nothing_is_replaced()
    {
        await AddAprilAsync();
        await ExecuteAsync("CREATE TABLE restored.logs (other text)");
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        Assert.That(
            () => Restore.RestoreAsync(archive.Name, Table, Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.EqualTo("restored.logs exists, and is not replaced."));
        Assert.That(
            () => Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.EqualTo($"autostack_partitions.{AprilLogs} exists, and is not replaced."));
        Assert.That(
            () => Restore.RestoreAsync(archive.Name, RestoreTarget.Table("nowhere", "logs"), Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("nowhere"));
        Assert.That(await CountAsync("restored.logs"), Is.Zero);
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(3L));
    }

    [Test]
    public async Task A_restore_that_is_repeated_finds_its_table()
    {
        await AddAprilAsync();
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        var first = await Restore.RestoreAsync(archive.Name, Table, Store, null, Token);
        var second = await Restore.RestoreAsync(archive.Name, Table, Store, null, Token);
        await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "archive"), Store, null, Token);

        Assert.That(first, Is.EqualTo(new RestoreResult("restored.logs", 3, RestoreOutcome.Restored)));
        Assert.That(second, Is.EqualTo(new RestoreResult("restored.logs", 3, RestoreOutcome.AlreadyRestored)));
        Assert.That(await CountAsync("restored.logs"), Is.EqualTo(3L));
        Assert.That(await CountAsync("restored.archive"), Is.EqualTo(3L));
        Assert.That(await ScalarAsync("SELECT to_regnamespace('autostack_restore') IS NULL"), Is.True);
    }

    [Test]
    public async Task A_restore_that_was_cut_off_leaves_no_table_and_the_next_one_completes()
    {
        await AddAprilAsync(20_000);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        var broken = new ChangedStore(Store) { Broken = (int)archive.Bytes / 2 };

        Assert.That(
            () => Restore.RestoreAsync(archive.Name, Table, broken, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("The line was cut."));
        Assert.That(await ExistsAsync("restored.logs"), Is.False);
        foreach (var rows in new[] { 1, 20_000 })
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
            Assert.That(
                () => Restore.RestoreAsync(archive.Name, Table, Store, new Stopping(stop, rows), stop.Token),
                Throws.InstanceOf<OperationCanceledException>());
            Assert.That(await ExistsAsync("restored.logs"), Is.False, $"{rows} rows");
        }

        Assert.That((await Restore.RestoreAsync(archive.Name, Table, Store, null, Token))!.Outcome, Is.EqualTo(RestoreOutcome.Restored));
        Assert.That(await CountAsync("restored.logs"), Is.EqualTo(20_000L));
    }

    [Test]
    public async Task An_attach_that_was_killed_while_it_waited_is_completed_by_the_next()
    {
        await AddAprilAsync();
        await RetainAsync(Store);
        var archive = (await ArchivesAsync()).Single();
        foreach (var table in new[] { "deployments", "deployment_logs" })
        {
            // The foreign key waits for the first lock, the attachment for the second.
            await using var connection = await Raw.OpenConnectionAsync(Token);
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using (var hold = connection.CreateCommand())
            {
                hold.CommandText = $"LOCK TABLE {table} IN ROW EXCLUSIVE MODE";
                await hold.ExecuteNonQueryAsync(Token);
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
            Task cut = Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, stop.Token);
            await UntilSomeoneWaitsAsync();
            await ExecuteAsync("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE '%restored_log_partition%' AND pid <> pg_backend_pid()
                """);
            await stop.CancelAsync();
            await cut.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Assert.That(cut.IsCompletedSuccessfully, Is.False);
            await transaction.RollbackAsync(Token);
        }

        var result = await Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token);

        Assert.That(result!.Rows, Is.EqualTo(3));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(3L));
    }

    [Test]
    public async Task Two_restores_at_once_make_one_table()
    {
        await AddAprilAsync(5_000);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        var restores = Enumerable.Range(0, 3).Select(_ => Restore.RestoreAsync(archive.Name, Table, Store, null, Token)).ToList();
        await ((Task)Task.WhenAll(restores)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var done = restores.Where(restore => restore.IsCompletedSuccessfully).Select(restore => restore.Result!.Outcome);
        var failures = restores.Where(restore => restore.IsFaulted).Select(restore => restore.Exception!.InnerException);
        Assert.That(done.Count(outcome => outcome == RestoreOutcome.Restored), Is.EqualTo(1));
        Assert.That(failures, Is.All.TypeOf<ArchiveException>());
        Assert.That(await CountAsync("restored.logs"), Is.EqualTo(5_000L));
    }

    [Test]
    public async Task An_archive_that_does_not_fit_the_table_is_not_attached()
    {
        await AddAprilAsync();
        await RetainAsync(Store);
        var archive = (await ArchivesAsync()).Single();
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN later text");
        try
        {
            Assert.That(
                () => Restore.RestoreAsync(archive.Name, RestoreTarget.Partition, Store, null, Token),
                Throws.TypeOf<ArchiveException>().With.Message.Contains("The table has other columns than the archive"));
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN later");
        }

        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
        Assert.That((await Restore.RestoreAsync(archive.Name, Table, Store, null, Token))!.Rows, Is.EqualTo(3));
    }

    // Whoever can write to the store can also write a checksum.
    [TestCase("text); DROP TABLE users; --", "deployment_logs", AprilLogs, "has a column that no table can have")]
    [TestCase("text", "users", "users_p20260401", "is of no table that has partitions")]
    [TestCase("text", "deployment_logs", "deployment_logs_default", "names no partition of")]
    [TestCase("text", "deployment_logs", "deployment_logs_p1\"; DROP TABLE users; --", "names no partition of")]
    public async Task A_hostile_manifest_is_refused(string type, string table, string partition, string problem)
    {
        await AddAprilAsync();
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        var (_, text) = ManifestJson.Write(archive with
        {
            Table = table,
            Partition = partition,
            Columns = [.. archive.Columns.Select(column => column with { Type = type })],
        });
        await File.WriteAllBytesAsync(Path.Combine(Folder, $"{archive.Name}.json"), text, Token);
        var target = table == "deployment_logs" && type != "text" ? Table : RestoreTarget.Partition;

        Assert.That(
            () => Restore.RestoreAsync(archive.Name, target, Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains(problem));
        Assert.That(await CountAsync("users"), Is.EqualTo(1L));
    }

    [TestCase("", "logs")]
    [TestCase("restored", " ")]
    [TestCase("restored", "a\0b")]
    [TestCase("restored", "a\nb")]
    public void Names_of_tables_are_checked(string schema, string name) =>
        Assert.That(() => RestoreTarget.Table(schema, name), Throws.ArgumentException);

    [Test]
    public void Names_of_tables_have_as_many_bytes_as_the_server_keeps()
    {
        Assert.That(() => RestoreTarget.Table("restored", new('\u00e4', 32)), Throws.ArgumentException);
        Assert.That(() => RestoreTarget.Table("restored", new('\ud800', 1)), Throws.ArgumentException);
        Assert.That(() => RestoreTarget.Table("restored", new('\u00e4', 31)), Throws.Nothing);
    }

    // Cancels when a number of rows was reported.
    private sealed class Stopping(CancellationTokenSource stop, int rows) : IProgress<ArchiveProgress>
    {
        public void Report(ArchiveProgress value)
        {
            if (value.Rows >= rows)
            {
                stop.Cancel();
            }
        }
    }
}
