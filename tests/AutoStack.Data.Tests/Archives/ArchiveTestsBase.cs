using AutoStack.Data.Archives;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Archives;

/// <summary>Partitions for April and May 2026, in the middle of June, and a folder for archives.</summary>
/// <param name="format">The format of new archives; null for that of a host which sets none.</param>
public abstract class ArchiveTestsBase(ArchiveFormat? format = null) : DatabaseTests
{
    protected const string AprilLogs = "deployment_logs_p20260401";

    protected static readonly DateTimeOffset April = new(2026, 4, 10, 12, 0, 0, TimeSpan.Zero);
    protected static readonly DateTimeOffset June = new(2026, 6, 20, 0, 0, 0, TimeSpan.Zero);

    // At June 20 it keeps what is younger than May 21.
    protected static readonly RetentionPolicy Month = new()
    {
        DeletedDeployments = null,
        DeploymentLogs = TimeSpan.FromDays(30),
        RuntimeLogs = TimeSpan.FromDays(30),
        HealthChecks = TimeSpan.FromDays(30),
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        ExpiredSessions = false,
        ExpiredSignInAttempts = false,
        ClosedAccounts = false,
    };

    protected static readonly string[] Messages =
    [
        "", " ", "  leading and trailing  ", "NULL", "null", "\\N", "\\.", "\\.\n", "a\n\\.\nb", "\n\\.\n", "\"", "\"\"", "\"\n\"",
        ",", ",\",\n", "a\nb", "a\r\nb", "a\rb", "\r", "\n", "\t", "a\tb", "\\", "\\\\", "\\n", "'", "''; DROP TABLE users; --",
        "{\"a\":\"\\u0000\",\"b\":[1,2]}",
        "\u00e4\u00f6\u00fc \u00df", "\U0001F680 \U0010FFFD", "e\u0301", "\u202eright to left", "\ufeff", "\u2028\u2029",
        "\u001b[31mred\u001b[0m",
        new(Enumerable.Range(1, 31).Select(code => (char)code).ToArray()), "\u007f\u0080\u009f", new('x', 300_000),
        string.Concat(Enumerable.Repeat("\"\n,", 50_000)), string.Concat(Enumerable.Repeat("line \U0001F680", 1 << 17)),
    ];

    protected static readonly string[] Times =
    [
        "'2026-04-10 12:00:00.123456'", "'2026-04-10 12:00:00'", "'0001-01-01'", "'4713-01-01 BC'", "'-infinity'",
        "'2026-03-29 02:30:00.000001'", "'1999-12-31 23:59:59.999999'", "'infinity'", "'12024-02-29 23:59:59.1'",
        "'0044-03-15 00:00:00.000001 BC'",
    ];

    private ServiceProvider? host;

    protected string Folder { get; private set; } = "";

    protected FolderArchiveStore Store { get; private set; } = null!;

    protected ILogArchive Archive => host!.GetRequiredService<ILogArchive>();

    protected ILogRestore Restore => host!.GetRequiredService<ILogRestore>();

    [OneTimeSetUp]
    public async Task EnableAsync()
    {
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        host = Host(store: null, format is null ? [] : [format]);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
        }
    }

    [SetUp]
    public async Task PrepareAsync()
    {
        Folder = Path.Combine(Path.GetTempPath(), $"archives-{Guid.NewGuid():N}");
        Store = new FolderArchiveStore(Folder);
        Clock.AdjustTime(new DateTimeOffset(2026, 3, 29, 0, 0, 0, TimeSpan.Zero));
        await ExecuteAsync("TRUNCATE users CASCADE");
        await ExecuteAsync("""
            DO $do$
            DECLARE
                name text;
            BEGIN
                FOR name IN
                    SELECT c.oid::regclass::text FROM pg_class c
                    WHERE c.relnamespace = 'autostack_partitions'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE '%default'
                LOOP
                    EXECUTE 'DROP TABLE ' || name;
                END LOOP;
                DROP SCHEMA IF EXISTS restored CASCADE;
                CREATE SCHEMA restored;
            END
            $do$
            """);
        await ExecuteAsync("UPDATE log_partition_settings SET period = 'month', ahead = 2");
        await Get<IPartitionMaintenance>().MaintainAsync(Token);
        Clock.AdjustTime(June);
    }

    [TearDown]
    public void RemoveFolder()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <summary>A deployment of April with some lines of that time.</summary>
    protected async Task<Guid> AddAprilAsync(int lines = 3)
    {
        var project = await AddProjectAsync();
        var id = Guid.CreateVersion7(April);
        await Deployments.EnqueueAsync(new() { Id = id, ProjectId = project.Id, UserId = project.UserId }, Token);
        await AppendAsync(id, April, lines);
        return id;
    }

    protected async Task AppendAsync(Guid deployment, DateTimeOffset time, int lines)
    {
        foreach (var some in Enumerable.Range(1, lines).Chunk(5_000))
        {
            await PlatformLogs.AppendAsync(
                deployment, [.. some.Select(n => new NewDeploymentLog { Message = $"line {n}", Timestamp = time })], Token);
        }
    }

    /// <summary>A retention run of a host that archives before it drops.</summary>
    protected async Task<IReadOnlyList<RetentionResult>> RetainAsync(IArchiveStore store)
    {
        await using var archiving = Host(store, format is null ? [] : [format]);
        return await archiving.GetRequiredService<IRetentionService>().RunAsync(Month, null, Token);
    }

    /// <summary>A host of the same database.</summary>
    protected ServiceProvider Host(IArchiveStore? store, params ArchiveFormat[] formats) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            options.ArchiveStore = store;
            foreach (var one in formats)
            {
                options.ArchiveFormats.Add(one);
            }
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    /// <summary>The complete archives of a partition.</summary>
    protected async Task<IReadOnlyList<ArchiveManifest>> ArchivesAsync(string partition = AprilLogs) =>
    [
        .. from entry in await Archive.ListAsync(Store, Token)
           where entry.State == ArchiveState.Complete && entry.Manifest!.Partition == partition
           select entry.Manifest,
    ];

    /// <summary>Rows of April with values of every kind, in the three tables.</summary>
    protected async Task FillAsync()
    {
        var deployment = await AddAprilAsync();
        var n = 0;
        foreach (var message in Messages)
        {
            var (level, time) = ((n % 3) switch { 0 => "NULL", 1 => "''", _ => "'error'" }, Times[n++ % Times.Length]);
            await InsertAsync(
                $"""
                INSERT INTO deployment_logs (deployment_id, message, log_level, timestamp, created_at)
                VALUES ($1, $2, {level}, {time}, {time})
                """,
                deployment, message);
            await InsertAsync(
                $"""
                INSERT INTO deployment_runtime_logs (id, deployment_id, message, log_level, timestamp)
                VALUES ($3, $1, $2, {level}, {time})
                """,
                deployment, message, Guid.CreateVersion7(April.AddSeconds(n)));
            await InsertAsync(
                $"""
                INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
                VALUES ($3, $1, $2, {(n % 2 == 0 ? "NULL" : "-1")}, {(n % 5 == 0 ? "NULL" : "2147483647")}, {n % 2 == 0}, {time})
                """,
                deployment, message, Guid.CreateVersion7(April.AddSeconds(n)));
        }
    }

    private async Task InsertAsync(string sql, params object[] values)
    {
        await using var command = Raw.CreateCommand(sql);
        command.Parameters.AddRange(values.Select(value => new NpgsqlParameter { Value = value }).ToArray());
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>How many rows two tables do not share.</summary>
    protected async Task<object?> CountDifferencesAsync(string one, string other) => await ScalarAsync($"""
        SELECT (SELECT count(*) FROM (SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}) a)
            + (SELECT count(*) FROM (SELECT * FROM {other} EXCEPT ALL SELECT * FROM {one}) b)
        """);

    protected async Task<object?> CountAsync(string table) => await ScalarAsync($"SELECT count(*) FROM {table}");

    protected async Task<bool> ExistsAsync(string table) => await ScalarAsync("SELECT to_regclass($1) IS NOT NULL", table) is true;
}

/// <summary>A folder whose calls a test changes.</summary>
internal sealed class ChangedStore(IArchiveStore inner) : IArchiveStore
{
    private int writes;

    /// <summary>Runs before an object is written.</summary>
    public Func<string, Task> BeforeWrite { get; set; } = _ => Task.CompletedTask;

    /// <summary>Runs after an object was written.</summary>
    public Func<string, Task> AfterWrite { get; set; } = _ => Task.CompletedTask;

    /// <summary>The bytes after which a write fails, by the end of its name; null for none.</summary>
    public (string End, int Bytes)? Full { get; set; }

    /// <summary>What happens at <see cref="Full"/>; a failure by default.</summary>
    public Action AtFull { get; set; } = () => throw new IOException("No space left on device");

    /// <summary>The bytes after which a read fails; null for none.</summary>
    public int? Broken { get; set; }

    /// <summary>What happens at <see cref="Broken"/>; a failure by default.</summary>
    public Action AtBroken { get; set; } = () => throw new IOException("The line was cut.");

    /// <summary>Runs before the objects are listed.</summary>
    public Func<Task> BeforeList { get; set; } = () => Task.CompletedTask;

    /// <summary>Runs before an object is opened.</summary>
    public Func<string, Task> BeforeOpen { get; set; } = _ => Task.CompletedTask;

    /// <summary>Runs before an object is removed.</summary>
    public Func<string, Task> BeforeRemove { get; set; } = _ => Task.CompletedTask;

    /// <summary>The number of writes that have not ended.</summary>
    public int Writes => Volatile.Read(ref writes);

    public async Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref writes);
        try
        {
            await BeforeWrite(name);
            await inner.WriteAsync(
                name,
                (stream, token) => write(
                    Full is { } full && name.EndsWith(full.End, StringComparison.Ordinal)
                        ? new LimitedStream(stream, full.Bytes, AtFull)
                        : stream,
                    token),
                cancellationToken);
            await AfterWrite(name);
        }
        finally
        {
            Interlocked.Decrement(ref writes);
        }
    }

    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        await BeforeOpen(name);
        return await inner.OpenAsync(name, cancellationToken) is { } stream
            ? Broken is { } bytes && !name.EndsWith(".json", StringComparison.Ordinal)
                ? new LimitedStream(stream, bytes, AtBroken)
                : stream
            : null;
    }

    public async Task<IReadOnlyList<StoredObject>> ListAsync(CancellationToken cancellationToken)
    {
        await BeforeList();
        return await inner.ListAsync(cancellationToken);
    }

    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        await BeforeRemove(name);
        return await inner.RemoveAsync(name, cancellationToken);
    }

    private sealed class LimitedStream(Stream inner, int limit, Action atLimit) : Stream
    {
        private long passed;

        public override bool CanRead => inner.CanRead;

        public override bool CanSeek => false;

        public override bool CanWrite => inner.CanWrite;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = inner.Read(buffer, offset, (int)Math.Min(count, Math.Max(1, limit - passed)));
            Pass(read);
            return read;
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Pass(count);
            inner.Write(buffer, offset, count);
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && inner.CanRead)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private void Pass(int count)
        {
            var before = passed;
            passed += count;
            if (before <= limit && passed > limit)
            {
                atLimit();
            }
        }
    }
}
