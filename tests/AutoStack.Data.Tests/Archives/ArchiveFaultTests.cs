using AutoStack.Data.Archives;
using AutoStack.Data.Parquet;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Stores that fail, archives that are damaged, and runs that are killed: nothing is taken for an archive that is none.</summary>
[TestFixture("csv.gz")]
[TestFixture("parquet")]
[CancelAfter(300_000)]
public sealed class ArchiveFaultTests(string format)
    : ArchiveTestsBase(format == "parquet" ? new ParquetArchiveFormat { RowGroupRows = 1_000 } : ArchiveFormat.Csv)
{
    // In the place of the end that the names of files with rows have.
    private const string Rows = ".rows";

    [TestCase(Rows, 10)]
    [TestCase(Rows, 40)]
    [TestCase(".json", 0)]
    [TestCase(".json", 100)]
    public async Task A_full_disk_leaves_no_archive_and_the_next_run_makes_it(string end, int bytes)
    {
        await AddAprilAsync(200);
        var store = new ChangedStore(Store) { Full = (EndOf(end), bytes) };

        var failure = Assert.CatchAsync<ArchiveException>(() => Archive.ArchiveAsync(AprilLogs, store, null, Token))!;
        var left = await Archive.ListAsync(Store, Token);
        var files = Directory.EnumerateFiles(Folder).ToList();
        var results = await Archive.ArchivePastAsync(June, store, null, Token);
        store.Full = null;
        var next = await Archive.ArchiveAsync(AprilLogs, store, null, Token);

        Assert.That(failure.Message, Does.Contain("No space left on device"));
        Assert.That(failure.InnerException, Is.InstanceOf<IOException>());
        Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, false)));
        Assert.That(left, Is.Empty);
        Assert.That(files, Is.Empty);
        Assert.That(results.Single(result => result.Partition.Name == AprilLogs).Failure, Is.InstanceOf<ArchiveException>());
        Assert.That(next!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
    }

    [Test]
    public async Task What_a_store_has_not_stored_as_it_was_written_becomes_no_archive()
    {
        await AddAprilAsync(200);
        var store = new ChangedStore(Store)
        {
            AfterWrite = name => name.EndsWith(EndOf(Rows), StringComparison.Ordinal)
                ? FlipAsync(Path.Combine(Folder, name), 60)
                : Task.CompletedTask,
        };

        Assert.That(
            () => Archive.ArchiveAsync(AprilLogs, store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("is damaged"));
        Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
    }

    private static IEnumerable<TestCaseData> Damages()
    {
        yield return Case("flipped byte", path => FlipAsync(path, 60), Rows, "hash|decompressed");
        yield return Case("flipped last bytes", path => FlipAsync(path, -2), Rows, "hash|decompressed");
        yield return Case("cut", path => CutAsync(path, 100), Rows, "bytes in place of");
        yield return Case("emptied", path => CutAsync(path, 0), Rows, "bytes in place of");
        yield return Case("longer", AppendAsync, Rows, "bytes in place of");
        yield return Case("zeroes", ZeroAsync, Rows, "hash|decompressed");
        yield return Case("removed", RemoveAsync, Rows, "missing");
        yield return Case("other rows", path => ReplaceAsync(path, "\"rows\": 200", "\"rows\": 199"), ".json", "was changed");
        yield return Case("other range", path => ReplaceAsync(path, "2026-04-01", "2026-04-02"), ".json", "was changed");
        yield return Case(
            "other version", path => ReplaceAsync(path, "\"formatVersion\": 1", "\"formatVersion\": 2"), ".json", "has the version 2");
        yield return Case("no JSON", path => ReplaceAsync(path, "{", "["), ".json", "is not a manifest");
        yield return Case("other member", path => ReplaceAsync(path, "\"table\":", "\"other\":"), ".json", "is not a manifest");
        yield return Case("null", path => File.WriteAllTextAsync(path, "null"), ".json", "is not a manifest");
        yield return Case("large", path => File.WriteAllTextAsync(path, new string(' ', 2 << 20)), ".json", "is larger");

        static TestCaseData Case(string name, Func<string, Task> damage, string end, string problem) =>
            new TestCaseData(damage, end, problem).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Damages))]
    public async Task A_damaged_archive_is_found_not_restored_and_not_relied_on(Func<string, Task> damage, string end, string problem)
    {
        await AddAprilAsync(200);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        await damage(Path.Combine(Folder, archive.Name + EndOf(end)));

        var found = await Archive.FindVerifiedAsync(archive.Name, Store, null, Token);
        var restore = Assert.CatchAsync<ArchiveException>(() => Restore.RestoreAsync(
            archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token))!;
        var results = await RetainAsync(Store);

        Assert.That(found!.State, Is.EqualTo(ArchiveState.Damaged));
        Assert.That(found.Problem, Does.Match(problem));
        Assert.That(restore.Message, Does.Contain(archive.Name));
        Assert.That(await ExistsAsync("restored.logs"), Is.False);
        Assert.That(results[0].Failure, Is.Null);
        Assert.That(await ExistsAsync($"autostack_partitions.{AprilLogs}"), Is.False);
        var second = (await ArchivesAsync()).Single(one => one.Name != archive.Name);
        Assert.That((await Archive.FindVerifiedAsync(second.Name, Store, null, Token))!.State, Is.EqualTo(ArchiveState.Complete));
    }

    [Test]
    public async Task Without_its_manifest_an_archive_does_not_exist()
    {
        await AddAprilAsync(200);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        File.Delete(Path.Combine(Folder, $"{archive.Name}.json"));

        var found = await Archive.FindVerifiedAsync(archive.Name, Store, null, Token);
        var again = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);

        Assert.That(found!.State, Is.EqualTo(ArchiveState.Incomplete));
        Assert.That(
            () => Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("There is no manifest"));
        Assert.That(again!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
        Assert.That(File.Exists(Path.Combine(Folder, $"{archive.Name}.{format}")), Is.True, "another run may be at work on it");

        // A run does not last for days.
        await AppendAsync(await AddAprilAsync(), April, 1);
        Clock.Advance(TimeSpan.FromDays(3));
        await Archive.ArchiveAsync(AprilLogs, Store, null, Token);
        Assert.That(File.Exists(Path.Combine(Folder, $"{archive.Name}.{format}")), Is.False);
    }

    [Test]
    public async Task A_connection_that_is_lost_before_the_rows_is_opened_again()
    {
        await AddAprilAsync(200);
        var store = new ChangedStore(Store) { BeforeWrite = _ => EndOthersAsync() };

        Assert.That((await Archive.ArchiveAsync(AprilLogs, store, null, Token))!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
    }

    [Test]
    public async Task A_connection_that_is_lost_within_the_rows_leaves_no_archive()
    {
        await AddAprilAsync(40_000);
        var store = new ChangedStore(Store) { Full = (EndOf(Rows), 5_000), AtFull = () => EndOthersAsync().GetAwaiter().GetResult() };

        var failure = Assert.CatchAsync<DatabaseUnavailableException>(() => Archive.ArchiveAsync(AprilLogs, store, null, Token))!;
        Assert.That(failure.OutcomeUnknown, Is.False);
        Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
        Assert.That((await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
    }

    [Test]
    public async Task A_cancelled_run_leaves_no_archive()
    {
        await AddAprilAsync(200);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var store = new ChangedStore(Store) { BeforeWrite = _ => stop.CancelAsync() };

        Assert.That(() => Archive.ArchiveAsync(AprilLogs, store, null, stop.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await Archive.ListAsync(Store, Token), Is.Empty);
        Assert.That((await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
    }

    // Few rows are written when the encoder is disposed, many before.
    [TestCase(3)]
    [TestCase(40_000)]
    public async Task A_cancelled_archive_on_a_hung_store_ends_and_leaves_no_transaction(int rows)
    {
        await AddAprilAsync(rows);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var store = new HungStore(Store);

        var run = Archive.ArchiveAsync(AprilLogs, store, null, stop.Token);
        await store.Hangs.WaitAsync(Token);
        Assert.That(await OpenTransactionsAsync(), Has.Length.EqualTo(1));
        await stop.CancelAsync();

        Assert.That(() => run.WaitAsync(TimeSpan.FromMinutes(1)), Throws.InstanceOf<OperationCanceledException>());
        await UntilNoTransactionAsync();
    }

    // The store ignores its token; within rows, it blocks the thread.
    [TestCase("list")]
    [TestCase("write")]
    [TestCase("within rows")]
    [TestCase("after rows")]
    [TestCase("open")]
    [TestCase("read")]
    [TestCase("write manifest")]
    [TestCase("after manifest")]
    public async Task A_cancelled_archive_ends_wherever_its_store_hangs_and_the_next_run_completes(string place)
    {
        await AddAprilAsync(200);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var (hangs, released) = (NewSource(), NewSource());
        var store = new ChangedStore(Store)
        {
            BeforeList = () => HangAsync("list"),
            BeforeWrite = name => HangAsync(IsManifest(name) ? "write manifest" : "write"),
            AfterWrite = name => HangAsync(IsManifest(name) ? "after manifest" : "after rows"),
            BeforeOpen = _ => HangAsync("open"),
        };
        if (place == "within rows")
        {
            (store.Full, store.AtFull) = ((EndOf(Rows), 10), () => HangAsync(place).Wait());
        }
        else if (place == "read")
        {
            (store.Broken, store.AtBroken) = (10, () => HangAsync(place).Wait());
        }

        var run = Archive.ArchiveAsync(AprilLogs, store, null, stop.Token);
        await hangs.Task.WaitAsync(Token);
        await stop.CancelAsync();

        Assert.That(() => run.WaitAsync(TimeSpan.FromMinutes(1)), Throws.InstanceOf<OperationCanceledException>());
        await UntilNoTransactionAsync();
        var next = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);
        Assert.That(next!.Outcome, Is.EqualTo(place == "after manifest" ? ArchiveOutcome.AlreadyArchived : ArchiveOutcome.Archived));
        released.SetResult();
        while (store.Writes > 0)
        {
            await Task.Delay(10, Token);
        }

        foreach (var archive in await ArchivesAsync())
        {
            Assert.That((await Archive.FindVerifiedAsync(archive.Name, Store, null, Token))!.State, Is.EqualTo(ArchiveState.Complete));
        }

        Task HangAsync(string at)
        {
            if (at != place)
            {
                return Task.CompletedTask;
            }

            hangs.TrySetResult();
            return released.Task;
        }

        static bool IsManifest(string name) => name.EndsWith(".json", StringComparison.Ordinal);
    }

    [TestCase("open")]
    [TestCase("read")]
    public async Task A_cancelled_restore_ends_wherever_its_store_hangs_and_the_next_one_completes(string place)
    {
        await AddAprilAsync(200);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var (hangs, released) = (NewSource(), NewSource());
        var store = new ChangedStore(Store);
        if (place == "open")
        {
            store.BeforeOpen = name => name.EndsWith(".json", StringComparison.Ordinal) ? Task.CompletedTask : HangAsync();
        }
        else
        {
            (store.Broken, store.AtBroken) = (10, () => HangAsync().Wait());
        }

        var target = RestoreTarget.Table("restored", "logs");
        var run = Restore.RestoreAsync(archive.Name, target, store, null, stop.Token);
        await hangs.Task.WaitAsync(Token);
        Assert.That(await OpenTransactionsAsync(), Has.Length.EqualTo(1));
        await stop.CancelAsync();

        Assert.That(() => run.WaitAsync(TimeSpan.FromMinutes(1)), Throws.InstanceOf<OperationCanceledException>());
        await UntilNoTransactionAsync();
        var next = await Restore.RestoreAsync(archive.Name, target, Store, null, Token);
        released.SetResult();

        Assert.That(next!.Outcome, Is.EqualTo(RestoreOutcome.Restored));
        Assert.That(await CountAsync("restored.logs"), Is.EqualTo(200L));

        Task HangAsync()
        {
            hangs.TrySetResult();
            return released.Task;
        }
    }

    [Test]
    public async Task A_store_whose_stream_fails_each_time_is_reported_as_such()
    {
        await AddAprilAsync(40_000);
        var store = new HungStore(Store) { Fails = true };

        var failure = Assert.CatchAsync<Exception>(() => Archive.ArchiveAsync(AprilLogs, store, null, Token));

        Assert.That(failure, Is.TypeOf<ArchiveException>().With.Message.Contains("No space left on device"));
    }

    [Test]
    public async Task A_failed_archive_does_not_wait_for_a_removal_that_hangs()
    {
        await AddAprilAsync(200);
        var never = new TaskCompletionSource();
        var store = new ChangedStore(Store) { Full = (EndOf(Rows), 10), BeforeRemove = _ => never.Task };

        Assert.That(
            () => Archive.ArchiveAsync(AprilLogs, store, null, Token).WaitAsync(TimeSpan.FromMinutes(1)),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("No space left on device"));
    }

    [Test]
    public async Task Two_archivers_at_once_make_sound_archives()
    {
        await AddAprilAsync(500);

        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Archive.ArchiveAsync(AprilLogs, Store, null, Token)));

        Assert.That(results.Select(result => result!.Archive!.Rows), Is.All.EqualTo(500));
        foreach (var entry in await Archive.ListAsync(Store, Token))
        {
            Assert.That((await Archive.FindVerifiedAsync(entry.Name, Store, null, Token))!.State, Is.EqualTo(ArchiveState.Complete));
        }
    }

    [Test]
    public async Task Names_that_are_no_archives_find_nothing()
    {
        await AddAprilAsync();
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        foreach (var name in new[] { "nothing", "", "..", $"../{archive.Name}", $"{Folder}/{archive.Name}", "a\0b", new('x', 500) })
        {
            Assert.That(await Archive.FindVerifiedAsync(name, Store, null, Token), Is.Null);
            Assert.That(await Restore.RestoreAsync(name, RestoreTarget.Table("restored", "logs"), Store, null, Token), Is.Null);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string EndOf(string end) => end == Rows ? $".{format}" : end;

    private Task EndOthersAsync() => ExecuteAsync(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");

    private static async Task FlipAsync(string path, int at)
    {
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[at < 0 ? bytes.Length + at : at] ^= 0x55;
        await File.WriteAllBytesAsync(path, bytes);
    }

    private static async Task CutAsync(string path, int length) =>
        await File.WriteAllBytesAsync(path, (await File.ReadAllBytesAsync(path))[..length]);

    private static async Task ZeroAsync(string path) => await File.WriteAllBytesAsync(path, new byte[new FileInfo(path).Length]);

    private static Task AppendAsync(string path) => File.AppendAllTextAsync(path, "more");

    private static Task RemoveAsync(string path)
    {
        File.Delete(path);
        return Task.CompletedTask;
    }

    private static async Task ReplaceAsync(string path, string text, string by)
    {
        var before = await File.ReadAllTextAsync(path);
        Assert.That(before, Does.Contain(text));
        await File.WriteAllTextAsync(path, before.Replace(text, by, StringComparison.Ordinal));
    }

    /// <summary>A folder to which no byte can be written: a write lasts until its token is cancelled, or fails.</summary>
    private sealed class HungStore(IArchiveStore inner) : IArchiveStore
    {
        private readonly TaskCompletionSource hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when a write hangs.</summary>
        public Task Hangs => hangs.Task;

        /// <summary>Whether each write fails at once.</summary>
        public bool Fails { get; init; }

        public Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken) =>
            inner.WriteAsync(name, (_, token) => write(new HungStream(this), token), cancellationToken);

        public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) => inner.OpenAsync(name, cancellationToken);

        public Task<IReadOnlyList<StoredObject>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public Task<bool> RemoveAsync(string name, CancellationToken cancellationToken) => inner.RemoveAsync(name, cancellationToken);

        private sealed class HungStream(HungStore store) : MemoryStream
        {
            public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            {
                if (store.Fails)
                {
                    throw new IOException("No space left on device");
                }

                store.hangs.TrySetResult();
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
                WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
        }
    }
}
