using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AutoStack.Data.Archives;

namespace AutoStack.Data.Tests.Archives;

/// <summary>What is archived is what was stored, and comes back equal.</summary>
[CancelAfter(300_000)]
public sealed class ArchiveContentTests : ArchiveTestsBase
{
    [Test]
    public async Task Every_value_comes_back_equal()
    {
        await FillAsync();
        foreach (var partition in new[] { AprilLogs, "deployment_runtime_logs_p20260401", "deployment_health_checks_p20260401" })
        {
            var result = await Archive.ArchiveAsync(partition, Store, null, Token);
            var restored = await Restore.RestoreAsync(
                result!.Archive!.Name, RestoreTarget.Table("restored", partition), Store, null, Token);

            Assert.That(result.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
            Assert.That(restored!.Outcome, Is.EqualTo(RestoreOutcome.Restored));
            Assert.That(await CountAsync($"restored.{partition}"), Is.GreaterThan(10L).And.EqualTo(result.Archive.Rows));
            Assert.That(
                await CountDifferencesAsync($"autostack_partitions.{partition}", $"restored.{partition}"), Is.Zero, partition);
        }

        // NULL is not an empty text.
        Assert.That(await ScalarAsync($"SELECT count(*) FROM restored.{AprilLogs} WHERE log_level IS NULL"), Is.GreaterThan(0L));
        Assert.That(await ScalarAsync($"SELECT count(*) FROM restored.{AprilLogs} WHERE log_level = ''"), Is.GreaterThan(0L));
    }

    [Test]
    public async Task The_manifest_tells_what_is_in_the_file()
    {
        await AddAprilAsync(100);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        var file = await File.ReadAllBytesAsync(Path.Combine(Folder, $"{archive.Name}.csv.gz"), Token);
        var plain = new MemoryStream();
        await using (var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress))
        {
            await gzip.CopyToAsync(plain, Token);
        }

        var lines = Encoding.UTF8.GetString(plain.ToArray()).Split('\n');
        var json = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, $"{archive.Name}.json"), Token))!;
        Assert.That(lines[0], Is.EqualTo("id,deployment_id,timestamp,log_level,message,created_at,seq,log_bytes"));
        Assert.That(lines, Has.Length.EqualTo(102), "header, 100 rows, and the end of the last line");
        Assert.That(archive.Rows, Is.EqualTo(100));
        Assert.That((archive.Bytes, archive.PlainBytes), Is.EqualTo(((long)file.Length, plain.Length)));
        Assert.That(archive.Sha256, Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(file))));
        Assert.That(archive.PlainSha256, Is.EqualTo(Convert.ToHexStringLower(SHA256.HashData(plain.ToArray()))));
        Assert.That(archive.Columns.Select(column => column.Type), Is.SupersetOf(new[] { "uuid", "text", "character varying(20)" }));
        Assert.That((archive.From, archive.Until), Is.EqualTo((April.AddDays(-9).AddHours(-12), April.AddDays(21).AddHours(-12))));
        Assert.That(
            archive.SchemaVersion,
            Is.EqualTo(await ScalarAsync("SELECT max(version)::bigint FROM schema_versions WHERE script_set = 'core'")));
        Assert.That(archive.CreatedAt, Is.EqualTo(June).Within(TimeSpan.FromHours(1)));
        Assert.That((string)json["table"]!, Is.EqualTo("deployment_logs"));
        Assert.That((string)json["checksum"]!, Is.EqualTo(archive.Checksum).And.Length.EqualTo(64));
        Assert.That(
            Directory.EnumerateFiles(Folder).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { $"{archive.Name}.csv.gz", $"{archive.Name}.json" }));
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(
                Directory.EnumerateFiles(Folder).Select(File.GetUnixFileMode),
                Is.All.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
    }

    [Test]
    public async Task Rows_are_archived_once_and_again_when_they_have_changed()
    {
        var deployment = await AddAprilAsync();
        var first = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);
        var second = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);
        await AppendAsync(deployment, April, 1);
        var third = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);

        Assert.That(first!.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
        Assert.That(second!.Outcome, Is.EqualTo(ArchiveOutcome.AlreadyArchived));
        Assert.That(second.Archive!.Name, Is.EqualTo(first.Archive!.Name));
        Assert.That((third!.Outcome, third.Archive!.Rows), Is.EqualTo((ArchiveOutcome.Archived, 4L)));
        Assert.That((await ArchivesAsync()).Select(archive => archive.Rows), Is.EquivalentTo(new[] { 3, 4 }));
    }

    [Test]
    public async Task All_past_partitions_are_archived_and_no_other()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync(
            "INSERT INTO deployment_health_checks (id, deployment_id, url, is_live) VALUES ($1, $2, 'http://a', TRUE)",
            Guid.CreateVersion7(April), deployment);
        var steps = new List<string>();

        var results = await Archive.ArchivePastAsync(
            June.AddDays(-30), Store, new Sync(step => steps.Add($"{step.Partition} {step.Step} {step.Rows}/{step.Total}")), Token);
        var unknown = await Archive.ArchiveAsync("deployment_logs_p19990101", Store, null, Token);
        var rest = await Archive.ArchiveAsync("deployment_logs_default", Store, null, Token);
        Clock.AdjustTime(new DateTimeOffset(2026, 5, 20, 0, 0, 0, TimeSpan.Zero));
        var present = await Archive.ArchiveAsync("deployment_logs_p20260501", Store, null, Token);

        Assert.That(
            results.Select(result => $"{result.Partition.Name} {result.Outcome} {result.Archive?.Rows}"),
            Is.EqualTo(new[]
            {
                "deployment_logs_p20260331 Empty ", "deployment_logs_p20260401 Archived 3",
                "deployment_runtime_logs_p20260331 Empty ", "deployment_runtime_logs_p20260401 Empty ",
                "deployment_health_checks_p20260331 Empty ", "deployment_health_checks_p20260401 Archived 1",
            }));
        Assert.That(steps, Is.EqualTo(new[]
        {
            "deployment_logs_p20260401 Copying 3/3", "deployment_logs_p20260401 Verifying 3/3",
            "deployment_health_checks_p20260401 Copying 1/1", "deployment_health_checks_p20260401 Verifying 1/1",
        }));
        Assert.That((unknown, rest, present), Is.EqualTo(default((ArchiveResult?, ArchiveResult?, ArchiveResult?))));
    }

    [Test]
    public async Task Columns_of_your_own_are_archived()
    {
        var deployment = await AddAprilAsync();
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN \"our \"\"own, column\" numeric(8, 2)");
        try
        {
            await ExecuteAsync("UPDATE deployment_logs SET \"our \"\"own, column\" = 1.50 WHERE deployment_id = $1", deployment);
            var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
            await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "with \"quotes\" and .dots"), Store, null, Token);

            Assert.That(
                await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.\"with \"\"quotes\"\" and .dots\""), Is.Zero);
        }
        finally
        {
            await ExecuteAsync("ALTER TABLE deployment_logs DROP COLUMN \"our \"\"own, column\"");
        }
    }

    // The server refuses the row before the hash is complete.
    [Test]
    public async Task Rows_that_the_server_refuses_are_reported_as_damage()
    {
        await AddAprilAsync(200);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        var file = Path.Combine(Folder, $"{archive.Name}.csv.gz");
        string text;
        using (var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress)))
        {
            text = await reader.ReadToEndAsync(Token);
        }

        await using (var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Optimal)))
        {
            await writer.WriteAsync(text.Replace("2026-04-10", "2026-99-10", StringComparison.Ordinal));
        }

        var (_, manifest) = ManifestJson.Write(archive with { Bytes = new FileInfo(file).Length });
        await File.WriteAllBytesAsync(Path.Combine(Folder, $"{archive.Name}.json"), manifest, Token);

        Assert.That(
            () => Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("the file has another hash than the manifest says"));
        Assert.That(await ExistsAsync("restored.logs"), Is.False);
    }

    private sealed class Sync(Action<ArchiveProgress> report) : IProgress<ArchiveProgress>
    {
        public void Report(ArchiveProgress value) => report(value);
    }
}
