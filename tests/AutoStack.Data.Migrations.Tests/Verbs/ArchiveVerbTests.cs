using System.Text.Json;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verbs <c>partitions archive</c>, <c>archives</c> and <c>restore</c>, and <c>prune --archive-to</c>.</summary>
public sealed class ArchiveVerbTests : MigrationTests
{
    private const string Partition = "deployment_logs_p20260401";

    private string folder = "";

    [SetUp]
    public void NameFolder() => folder = Path.Combine(Path.GetTempPath(), $"archive-verbs-{Guid.NewGuid():N}");

    [TearDown]
    public void RemoveFolder()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCase("csv", "csv.gz")]
    [TestCase("parquet", "parquet")]
    public async Task Partitions_are_archived_listed_and_restored(string format, string end)
    {
        await FillAsync(lines: 500);

        var planned = await RunAsync("partitions", "archive", "--to", folder, "--before", "2026-06-01", "--dry-run");
        Assert.That(planned.Code, Is.Zero, planned.Error);
        Assert.That(planned.Output, Does.Contain(Partition).And.Contain("would be compared or archived. Nothing was written."));
        Assert.That(Directory.Exists(folder), Is.False);

        var archived = await RunAsync("partitions", "archive", "--to", folder, "--format", format);
        var again = (await RunAsync("partitions", "archive", Partition, "--to", folder, "--json")).Json;
        Assert.That(archived.Code, Is.Zero, archived.Error);
        Assert.That(archived.Output, Does.Match($"{Partition} +500 .* archived").And.Contain("every row is in a verified archive."));
        var result = again.GetProperty("partitions").EnumerateArray().Single();
        Assert.That(result.GetProperty("outcome").GetString(), Is.EqualTo("alreadyArchived"));
        var name = result.GetProperty("archive").GetProperty("name").GetString()!;
        Assert.That(result.GetProperty("archive").GetProperty("format").GetString(), Is.EqualTo(end));
        Assert.That(File.Exists(Path.Combine(folder, $"{name}.{end}")), Is.True);

        var listed = await RunAsync("partitions", "archives", "--from", folder);
        var verified = (await RunAsync("partitions", "archives", "--from", folder, "--verify", "--json")).Json;
        Assert.That(listed.Code, Is.Zero, listed.Error);
        Assert.That(listed.Output, Does.Match($"{name} +500 .* complete").And.Contain("1 archive."));
        Assert.That(verified.GetProperty("archives")[0].GetProperty("state").GetString(), Is.EqualTo("complete"));
        Assert.That(verified.GetProperty("archives")[0].GetProperty("archive").GetProperty("rows").GetInt64(), Is.EqualTo(500));

        await ExecuteAsync("CREATE SCHEMA restored");
        var restored = await RunAsync("partitions", "restore", name, "--from", folder, "--as", "restored.logs");
        var repeated = await RunAsync("partitions", "restore", name, "--from", folder, "--as", "restored.logs");
        Assert.That(restored.Code, Is.Zero, restored.Error);
        Assert.That(restored.Output, Does.Contain("500 rows restored to restored.logs."));
        Assert.That(repeated.Output, Does.Contain("has the 500 rows of this archive already."));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM restored.logs"), Is.EqualTo(500L));

        await ExecuteAsync($"DROP TABLE autostack_partitions.{Partition}");
        var attached = (await RunAsync("partitions", "restore", name, "--from", folder, "--attach", "--json")).Json;
        Assert.That(attached.GetProperty("table").GetString(), Is.EqualTo($"autostack_partitions.{Partition}"));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(500L));
    }

    [TestCase("csv", "csv.gz")]
    [TestCase("parquet", "parquet")]
    public async Task Prune_archives_before_it_drops(string format, string end)
    {
        await FillAsync(lines: 20);

        var run = await RunAsync("prune", "--yes", "--archive-to", folder, "--archive-format", format, "--table", "deployment_logs");
        var archives = (await RunAsync("partitions", "archives", "--from", folder, "--json")).Json;

        Assert.That(run.Code, Is.Zero, run.Error + run.Output);
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs"), Is.EqualTo(0L));
        Assert.That(
            archives.GetProperty("archives").EnumerateArray().Select(entry => entry.GetProperty("state").GetString()),
            Is.EqualTo(new[] { "complete" }));
        Assert.That(Directory.EnumerateFiles(folder, $"*.{end}").Count(), Is.EqualTo(1));
    }

    [Test]
    public async Task Damaged_and_incomplete_archives_have_exit_codes()
    {
        await FillAsync(lines: 20);
        await RunAsync("partitions", "archive", "--to", folder);
        var file = Directory.EnumerateFiles(folder, "*.csv.gz").Single();
        var name = Path.GetFileName(file)[..^".csv.gz".Length];
        await File.WriteAllTextAsync(Path.Combine(folder, "deployment_logs_p20260501-20260701T000000Z-00000000.csv.gz"), "");

        var incomplete = await RunAsync("partitions", "archives", "--from", folder);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^20] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        var unread = await RunAsync("partitions", "archives", "--from", folder, "--verify");
        var restore = await RunAsync("partitions", "restore", name, "--from", folder, "--as", "logs");
        var missing = await RunAsync("partitions", "restore", "nothing", "--from", folder, "--as", "logs", "--json");

        Assert.That((incomplete.Code, unread.Code, restore.Code, missing.Code), Is.EqualTo((7, 8, 1, 1)));
        Assert.That(incomplete.Output, Does.Contain("There is no manifest: the archive was not completed."));
        Assert.That(unread.Output, Does.Contain("is damaged"));
        Assert.That(restore.Error, Does.Contain("is damaged"));
        Assert.That(missing.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("missing"));
        Assert.That(await ScalarAsync<bool>("SELECT to_regclass('public.logs') IS NULL"), Is.True);
    }

    [TestCase("csv")]
    [TestCase("parquet")]
    public async Task A_killed_run_leaves_no_archive_and_the_next_one_completes(string format)
    {
        await FillAsync(lines: 30_000);
        using (var process = ConsoleProcess.Start(ConnectionString, "partitions", "archive", Partition, "--to", folder, "--format", format))
        {
            while (!Directory.Exists(folder) || !Directory.EnumerateFiles(folder).Any())
            {
                await Task.Delay(1, Token);
            }

            await process.KillAsync(Token);
        }

        Assert.That(Directory.EnumerateFiles(folder, "*.json"), Is.Empty, "killed before the manifest");
        var listed = await RunAsync("partitions", "archives", "--from", folder);
        var next = await RunAsync("partitions", "archive", Partition, "--to", folder, "--format", format);
        var verified = (await RunAsync("partitions", "archives", "--from", folder, "--verify", "--json")).Json;

        Assert.That(listed.Code, Is.AnyOf(0, 7));
        Assert.That(next.Code, Is.Zero, next.Error);
        Assert.That(
            verified.GetProperty("archives").EnumerateArray().Where(entry => entry.GetProperty("archive").ValueKind != JsonValueKind.Null)
                .Select(entry => (entry.GetProperty("state").GetString(), entry.GetProperty("archive").GetProperty("rows").GetInt64())),
            Is.EqualTo(new[] { ("complete", 30_000L) }));
    }

    [Test]
    public async Task A_failed_partition_is_reported_and_the_others_are_archived()
    {
        await FillAsync(lines: 20);
        await File.WriteAllTextAsync(folder, "a file in the place of the folder");
        try
        {
            var run = await RunAsync("partitions", "archive", "--to", folder);
            var json = (await RunAsync("partitions", "archive", "--to", folder, "--json")).Json;

            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Output, Does.Contain("1 partition could not be archived; the next run tries again."));
            var states = json.GetProperty("partitions").EnumerateArray().ToDictionary(
                one => one.GetProperty("name").GetString()!, one => one.GetProperty("outcome").GetString());
            Assert.That(states[Partition], Is.EqualTo("failed"));
            Assert.That(states.Values, Does.Contain("empty"));
        }
        finally
        {
            File.Delete(folder);
        }
    }

    [TestCase("partitions archive", "No folder of archives is given. Use --to or AUTOSTACK_ARCHIVE.")]
    [TestCase("partitions archive --to x --before soon", "--before is a day: 2026-09-01.")]
    [TestCase("partitions archive --to x --keep 90", "--keep is a number of days")]
    [TestCase("partitions archive --to x --keep 90d --before 2026-01-01", "exclude each other")]
    [TestCase("partitions archive --to x --keep 90d deployment_logs_p20260401", "exclude each other")]
    [TestCase("partitions archive --to x --format arrow", "--format is one of csv, parquet.")]
    [TestCase("prune --yes --archive-format parquet", "--archive-format needs --archive-to.")]
    [TestCase("partitions restore name --from x", "Give one of --as and --attach.")]
    [TestCase("partitions restore name --from x --as a --attach", "Give one of --as and --attach.")]
    [TestCase("partitions restore name --from x --as a.b.c", "--as is the name of a table")]
    [TestCase("partitions archives", "No folder of archives is given.")]
    public async Task Wrong_arguments_are_told(string line, string message)
    {
        var run = await RunAsync(line.Split(' '));

        Assert.That((run.Code, run.Error), Is.EqualTo((2, run.Error)));
        Assert.That(run.Error.ReplaceLineEndings(" "), Does.Contain(message));
    }

    [Test]
    public async Task Partitions_that_cannot_be_archived_are_told()
    {
        await FillAsync(lines: 1);

        var unknown = await RunAsync("partitions", "archive", "deployment_logs_p20260402", "--to", folder);
        var rest = await RunAsync("partitions", "archive", "deployment_logs_default", "--to", folder);

        Assert.That((unknown.Code, rest.Code), Is.EqualTo((2, 2)));
        Assert.That(unknown.Error, Does.Contain(Partition), "the nearest name");
        Assert.That(rest.Error, Does.Contain("rows that belong to no period are not archived"));
    }

    [Test]
    public async Task Plain_tables_are_told()
    {
        await StartAtAsync(Head);

        var run = await RunAsync("partitions", "archive", "--to", folder);

        Assert.That((run.Code, run.Output.Trim()), Is.EqualTo((0, "The tables of logs are not partitioned: there is nothing to archive.")));
    }

    // Partitions for April and May 2026, and lines of a deployment of April.
    private async Task FillAsync(int lines)
    {
        await StartAtAsync(Head);
        await Migrator().UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        await ExecuteAsync($"""
            SELECT reserve_log_partitions('deployment_logs', '2026-03-29');
            SELECT create_reserved_log_partitions('deployment_logs');
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT gen_random_uuid(), id, 'Site', 'ada/site', now(), now() FROM users;
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT log_partition_floor('2026-04-10'), id, user_id, 'success', now() FROM projects;
            INSERT INTO deployment_logs (seq, deployment_id, message, timestamp)
            SELECT n, log_partition_floor('2026-04-10'), 'line ' || n || ' ' || md5(n::text), '2026-04-10'
            FROM generate_series(1, {lines}) n
            """);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
