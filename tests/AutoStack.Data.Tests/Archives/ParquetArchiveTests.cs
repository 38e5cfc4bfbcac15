using System.Diagnostics;
using System.Text.Json;
using AutoStack.Data.Archives;
using AutoStack.Data.Parquet;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Parquet;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Archives in Parquet: equal to what was stored, for PostgreSQL and for DuckDB.</summary>
[CancelAfter(300_000)]
public sealed class ParquetArchiveTests() : ArchiveTestsBase(new ParquetArchiveFormat())
{
    private static readonly string[] Partitions =
        [AprilLogs, "deployment_runtime_logs_p20260401", "deployment_health_checks_p20260401"];

    [Test]
    public async Task Every_value_comes_back_equal()
    {
        await FillAsync();
        foreach (var partition in Partitions)
        {
            var result = await Archive.ArchiveAsync(partition, Store, null, Token);
            await Restore.RestoreAsync(result!.Archive!.Name, RestoreTarget.Table("restored", partition), Store, null, Token);

            Assert.That(result.Outcome, Is.EqualTo(ArchiveOutcome.Archived));
            Assert.That((result.Archive.Format, result.Archive.Compression), Is.EqualTo(("parquet", "zstd")));
            Assert.That(File.Exists(Path.Combine(Folder, $"{result.Archive.Name}.parquet")), Is.True);
            Assert.That(await CountAsync($"restored.{partition}"), Is.GreaterThan(10L).And.EqualTo(result.Archive.Rows));
            Assert.That(
                await CountDifferencesAsync($"autostack_partitions.{partition}", $"restored.{partition}"), Is.Zero, partition);
        }

        // NULL is not an empty text, and infinity is in the rows.
        Assert.That(await ScalarAsync($"SELECT count(*) FROM restored.{AprilLogs} WHERE log_level IS NULL"), Is.GreaterThan(0L));
        Assert.That(await ScalarAsync($"SELECT count(*) FROM restored.{AprilLogs} WHERE log_level = ''"), Is.GreaterThan(0L));
        Assert.That(
            await ScalarAsync($"SELECT count(DISTINCT timestamp) FROM restored.{AprilLogs} WHERE NOT isfinite(timestamp)"), Is.EqualTo(2L));
    }

    // An independent reader: the type of each column, each value, and rows that are found by a value.
    [Test]
    public async Task DuckDB_reads_the_same_values()
    {
        if (Environment.GetEnvironmentVariable("AUTOSTACK_TEST_DUCKDB") is not { Length: > 0 } duck)
        {
            Assert.Ignore("AUTOSTACK_TEST_DUCKDB names no command of DuckDB.");
            return;
        }

        await FillAsync();
        foreach (var partition in Partitions)
        {
            var archive = (await Archive.ArchiveAsync(partition, Store, null, Token))!.Archive!;
            var file = Path.Combine(Folder, $"{archive.Name}.parquet");

            Assert.That(
                (await AskAsync(duck, $"DESCRIBE SELECT * FROM '{file}'")).Select(row => $"{row[0]} {row[1]}"),
                Is.EqualTo(archive.Columns.Select(column => $"{column.Name} {DuckType(column.Type)}")));

            // The same texts from both: numbers of microseconds for times, and the bytes of texts.
            var (ours, theirs) = (Texts(archive, isDuck: false), Texts(archive, isDuck: true));
            var expected = await RowsAsync($"SELECT {ours} FROM autostack_partitions.{partition} ORDER BY 1");
            Assert.That(await AskAsync(duck, $"SELECT {theirs} FROM '{file}' ORDER BY 1"), Is.EqualTo(expected));
            Assert.That(expected, Has.Count.EqualTo(archive.Rows));

            // By the bounds of a row group, a reader skips those that have no such value.
            var time = archive.Columns.First(column => column.Type.StartsWith("timestamp", StringComparison.Ordinal)).Name;
            var rows = await AskAsync(duck, $"SELECT id, \"{time}\"::text, count(*) OVER (PARTITION BY \"{time}\") FROM '{file}'");
            var probes = rows.Select(row => $"""
                SELECT (SELECT count(*) FROM '{file}' WHERE id = '{row[0]}'), (SELECT count(*) FROM '{file}' WHERE "{time}" = '{row[1]}')
                """);
            Assert.That(
                await AskAsync(duck, string.Join(" UNION ALL ", probes)), Is.EquivalentTo(rows.Select(row => new[] { "1", row[2] })));
        }
    }

    [Test]
    public async Task Many_rows_come_back_equal_from_several_row_groups()
    {
        var deployment = await AddAprilAsync(0);
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (seq, deployment_id, message, log_level, timestamp)
            SELECT n, $1, 'line ' || n || ' ' || md5(n::text), CASE n % 3 WHEN 0 THEN 'info' WHEN 1 THEN '' END,
                '2026-04-10'::timestamp + n * interval '7 microseconds'
            FROM generate_series(1, 300000) n
            """, deployment);

        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token);

        Assert.That(await CountAsync("restored.logs"), Is.EqualTo(300_000L));
        Assert.That(await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.logs"), Is.Zero);
        await using var reader = await ParquetReader.CreateAsync(Path.Combine(Folder, $"{archive.Name}.parquet"), cancellationToken: Token);
        Assert.That(reader.RowGroupCount, Is.GreaterThan(2));
    }

    [Test]
    public async Task Columns_of_your_own_are_archived()
    {
        var deployment = await AddAprilAsync(100);
        await ExecuteAsync("""
            ALTER TABLE deployment_logs
                ADD COLUMN "our ""own"", c.d" numeric(8, 2), ADD COLUMN data jsonb, ADD COLUMN tags text[], ADD COLUMN moment timestamptz
            """);
        try
        {
            await ExecuteAsync(
                """
                UPDATE deployment_logs SET "our ""own"", c.d" = 1.50, data = '{"a": [1, null]}', tags = '{a,"b,c",NULL}',
                    moment = '2026-04-10 12:00:00.000001+02'
                WHERE deployment_id = $1 AND seq > 50
                """, deployment);
            var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
            await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token);

            Assert.That(await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.logs"), Is.Zero);
        }
        finally
        {
            await ExecuteAsync("""
                ALTER TABLE deployment_logs DROP COLUMN "our ""own"", c.d", DROP COLUMN data, DROP COLUMN tags, DROP COLUMN moment
                """);
        }
    }

    // A store such as a bucket returns a stream of one direction.
    [Test]
    public async Task A_file_that_cannot_be_read_at_any_place_is_copied()
    {
        await AddAprilAsync(200);
        var store = new ChangedStore(Store) { Broken = int.MaxValue };

        var archive = (await Archive.ArchiveAsync(AprilLogs, store, null, Token))!.Archive!;
        var restored = await Restore.RestoreAsync(archive.Name, RestoreTarget.Table("restored", "logs"), store, null, Token);
        store.Broken = 100;

        Assert.That(restored!.Outcome, Is.EqualTo(RestoreOutcome.Restored));
        Assert.That(await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.logs"), Is.Zero);
        Assert.That(
            () => Archive.FindVerifiedAsync(archive.Name, store, null, Token),
            Throws.TypeOf<ArchiveException>().With.Message.Contains("failed while reading").And.Message.Contains("The line was cut."));
    }

    [Test]
    public async Task A_host_without_the_format_says_where_it_is_and_relies_on_no_archive_of_it()
    {
        await AddAprilAsync(200);
        var archive = (await Archive.ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;
        await using var host = Host(Store);
        var plain = host.GetRequiredService<ILogArchive>();

        var listed = (await plain.ListAsync(Store, Token)).Single();
        var verified = await plain.FindVerifiedAsync(archive.Name, Store, null, Token);
        var restore = Assert.CatchAsync<ArchiveException>(() => host.GetRequiredService<ILogRestore>().RestoreAsync(
            archive.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token))!;
        var again = await plain.ArchiveAsync(AprilLogs, Store, null, Token);

        Assert.That((listed.State, verified!.State), Is.EqualTo((ArchiveState.UnknownFormat, ArchiveState.UnknownFormat)));
        Assert.That(listed.Manifest, Is.EqualTo(archive).Using<ArchiveManifest>((one, other) => one.Checksum == other.Checksum));
        foreach (var message in new[] { listed.Problem, restore.Message })
        {
            Assert.That(message, Does.Contain($"The format of {archive.Name} is parquet").And.Contain("AutoStackDataOptions.ArchiveFormats")
                .And.Contain("the package AutoStack.Data.Parquet"));
        }

        Assert.That(await ExistsAsync("restored.logs"), Is.False);
        Assert.That((again!.Outcome, again.Archive!.Format), Is.EqualTo((ArchiveOutcome.Archived, default(string))));
        Assert.That(File.Exists(Path.Combine(Folder, $"{archive.Name}.parquet")), Is.True);
    }

    [Test]
    public async Task Archives_of_all_formats_are_read_whichever_is_written()
    {
        await AddAprilAsync(200);
        await using var host = Host(Store);
        var csv = (await host.GetRequiredService<ILogArchive>().ArchiveAsync(AprilLogs, Store, null, Token))!.Archive!;

        var again = await Archive.ArchiveAsync(AprilLogs, Store, null, Token);
        await Restore.RestoreAsync(csv.Name, RestoreTarget.Table("restored", "logs"), Store, null, Token);

        Assert.That((again!.Outcome, again.Archive!.Name), Is.EqualTo((ArchiveOutcome.AlreadyArchived, csv.Name)));
        Assert.That(await CountDifferencesAsync($"autostack_partitions.{AprilLogs}", "restored.logs"), Is.Zero);
    }

    [Test]
    public async Task A_value_that_Parquet_cannot_store_keeps_the_partition()
    {
        var deployment = await AddAprilAsync(200);
        await ExecuteAsync("UPDATE deployment_logs SET created_at = '294276-01-01' WHERE deployment_id = $1 AND seq = 7", deployment);

        var results = await RetainAsync(Store);

        Assert.That(results[0].Failure, Is.TypeOf<ArchiveException>().With.Message.EqualTo(
            "Row 7 cannot be stored as Parquet, which has no such timestamp without time zone as its created_at has. "
            + "Archive the partition as CSV."));
        Assert.That(await CountAsync("deployment_logs"), Is.EqualTo(200L));
        Assert.That(Directory.EnumerateFiles(Folder), Is.Empty);
    }

    [TestCase("")]
    [TestCase("json")]
    [TestCase("Parquet")]
    [TestCase("a-b")]
    [TestCase("../x")]
    [TestCase(null)]
    public void A_format_with_a_wrong_name_is_refused(string? name) => Assert.That(
        () => Host(Store, new Named(name!)).GetRequiredService<ILogArchive>(),
        Throws.TypeOf<OptionsValidationException>().With.Message.Contains("ArchiveFormats"));

    private static string DuckType(string type) => type switch
    {
        "uuid" => "UUID",
        "bigint" => "BIGINT",
        "integer" => "INTEGER",
        "boolean" => "BOOLEAN",
        "timestamp without time zone" => "TIMESTAMP WITH TIME ZONE",
        _ => "VARCHAR",
    };

    private static string Texts(ArchiveManifest archive, bool isDuck) => string.Join(", ", archive.Columns.Select(column =>
        column.Type switch
        {
            "timestamp without time zone" => string.Format(
                null,
                isDuck
                    ? "CASE WHEN isfinite({0}) THEN epoch_us({0})::text ELSE {0}::text END"
                    : "CASE WHEN isfinite({0}) THEN trunc(extract(epoch FROM {0}) * 1000000)::text ELSE {0}::text END",
                column.Name),
            "text" when isDuck => $"lower(hex(encode({column.Name})))",
            "text" => $"encode(convert_to({column.Name}, 'UTF8'), 'hex')",
            _ => $"{column.Name}::text",
        }));

    // The rows of a statement, by the command line of DuckDB.
    private static async Task<List<string?[]>> AskAsync(string duck, string sql)
    {
        using var process = Process.Start(new ProcessStartInfo(duck, ["-json", "-c", sql])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var error = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.That((process.ExitCode, error), Is.EqualTo((0, "")));
        using var rows = JsonDocument.Parse(await output);
        return
        [
            .. from row in rows.RootElement.EnumerateArray()
               select row.EnumerateObject().Select(value => value.Value.ValueKind switch
               {
                   JsonValueKind.Null => null,
                   JsonValueKind.String => value.Value.GetString(),
                   _ => value.Value.GetRawText(),
               }).ToArray(),
        ];
    }

    private async Task<List<string?[]>> RowsAsync(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(at => reader.IsDBNull(at) ? null : reader.GetString(at))]);
        }

        return rows;
    }

    private sealed class Named(string name) : ArchiveFormat
    {
        public override string Name => name;

        public override string Compression => "none";

        public override Stream OpenWrite(Stream file, IReadOnlyList<ArchiveColumn> columns) => file;

        public override Stream OpenRead(Stream file, IReadOnlyList<ArchiveColumn> columns) => file;
    }
}
