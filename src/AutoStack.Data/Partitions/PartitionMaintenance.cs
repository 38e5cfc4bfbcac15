using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Partitions;

/// <param name="db">Runs what is short.</param>
/// <param name="patient">Runs what reads a whole partition.</param>
/// <param name="clock">The clock; a fake clock shifts the time that periods are compared with.</param>
/// <param name="hours">Whether health checks are in chunks of TimescaleDB.</param>
/// <param name="archiving">Drops a partition after storing it in an archive; null to drop without one.</param>
internal sealed partial class PartitionMaintenance(
    Db db, Db patient, TimeProvider clock, HealthCheckHours hours, PartitionDrop? archiving = null) : IPartitionMaintenance
{
    /// <summary>The time that a statement has which reads a whole partition.</summary>
    internal static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private const int NewestDeployments = 10_000;

    private static readonly Gauge<double> Ahead = Telemetry.Meter.CreateGauge<double>(
        "autostack.partitions.days_ahead", "d", "Days until a table of logs has no partition for new rows, when they were last read.");

    /// <summary>Lifts the role's own limits from a transaction: they are for statements that serve a request.</summary>
    internal static Statement LiftLimits() => new("""
        SELECT pg_catalog.set_config(s.name, '0', TRUE)
        FROM pg_catalog.pg_settings s
        WHERE s.name IN ('statement_timeout', 'transaction_timeout')
        """);

    /// <summary>The tables that the feature partitions.</summary>
    internal static IReadOnlyList<string> Tables { get; } = ["deployment_logs", "deployment_runtime_logs", "deployment_health_checks"];

    public async Task<PartitionStatus> FindStatusAsync(CancellationToken cancellationToken)
    {
        // The server counts -1 rows before the first ANALYZE. A partition that is dropped meanwhile has no size.
        var rows = await db.ListAsync(row => new Found(
                row.Text(), row.Flag(), row.TextOrNull(), row.TextOrNull(), row.LongOrNull(), row.LongOrNull(), row.TextOrNull(),
                row.Time(), row.Flag()),
            $"""
            SELECT p.relname::text, p.relkind = 'p', c.relname::text, pg_catalog.pg_get_expr(c.relpartbound, c.oid),
                c.reltuples::bigint, pg_catalog.pg_total_relation_size(c.oid), (
                    SELECT pg_catalog.pg_get_constraintdef(k.oid)
                    FROM pg_catalog.pg_constraint k
                    WHERE k.conrelid = c.oid AND k.conname::text = p.relname::text || '_ahead_check'
                ), {ServerTime.Present}, EXISTS (
                    SELECT
                    FROM pg_catalog.pg_namespace n
                    WHERE n.oid = c.relnamespace AND n.nspname = 'autostack_partitions'
                )
            FROM pg_catalog.pg_class p
            LEFT JOIN pg_catalog.pg_inherits i ON i.inhparent = p.oid AND p.relkind = 'p'
            LEFT JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
            WHERE p.relnamespace = 'public'::regnamespace::oid AND p.relname::text = ANY (@names)
            """, [P.Of([.. Tables], "names"), ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false);
        var readAt = rows.Count == 0 ? default : rows[0].ReadAt;
        var status = new PartitionStatus(
            [.. Tables.Select(name => Table(name, [.. rows.Where(row => row.Table == name)], readAt))], readAt)
        {
            Jobs = await hours.ReadAsync(
                db, () => HealthCheckChunks.ListJobsAsync(db, cancellationToken), () => Task.FromResult<IReadOnlyList<ChunkJob>>([]),
                cancellationToken).ConfigureAwait(false),
        };
        foreach (var table in status.Tables)
        {
            if (table.DaysAhead is { } days)
            {
                Ahead.Record(days, new KeyValuePair<string, object?>("db.collection.name", table.Name));
            }
        }

        return status;
    }

    public async Task<DeploymentIds> CountIdsAsync(CancellationToken cancellationToken) =>
        (await db.FindAsync(row => new DeploymentIds(row.Long(), row.Long()), """
            SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE pg_catalog.substr(d.id::text, 15, 1) <> '7')
            FROM (
                SELECT n.id
                FROM deployments n
                ORDER BY n.created_at DESC, n.id DESC
                LIMIT @limit
            ) d
            """, [P.Of(NewestDeployments, "limit")], cancellationToken).ConfigureAwait(false))!;

    public async Task<PartitionStatus> MaintainAsync(CancellationToken cancellationToken)
    {
        db.Writes();
        var status = await FindStatusAsync(cancellationToken).ConfigureAwait(false);
        foreach (var table in status.Tables.Where(table => table.IsPartitioned))
        {
            // Two transactions: the second one reads the default partition, and must not hold the lock of the first one meanwhile.
            await db.WriteAsync(
                $"SELECT public.reserve_log_partitions(@name, {ServerTime.Present})",
                [P.Text(table.Name, name: "name"), ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false);
            await RunPatientlyAsync(
                new Statement("SELECT public.create_reserved_log_partitions(@name)", P.Text(table.Name, name: "name")),
                nameof(MaintainAsync), cancellationToken).ConfigureAwait(false);
        }

        return status.IsEnabled ? await FindStatusAsync(cancellationToken).ConfigureAwait(false) : status;
    }

    /// <summary>
    /// Drops the partitions of a table whose rows are all older than a moment, and returns the moment before which rows are to be purged
    /// one by one.
    /// </summary>
    /// <param name="table">The table.</param>
    /// <param name="before">The moment.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal async Task<Release> ReleaseAsync(string table, DateTimeOffset before, CancellationToken cancellationToken)
    {
        if (await AreChunksAsync(table, cancellationToken).ConfigureAwait(false))
        {
            return await HealthCheckChunks.ReleaseAsync(patient, before, cancellationToken).ConfigureAwait(false);
        }

        var (dropped, first) = (0, before);
        var partitions = await ListBoundedAsync(table, cancellationToken).ConfigureAwait(false);
        foreach (var partition in partitions.Where(partition => partition.Until <= before))
        {
            bool isDropped;
            try
            {
                isDropped = await (archiving?.Invoke(table, partition, before, cancellationToken)
                    ?? DropAsync(partition.Name, before, cancellationToken)).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is NpgsqlException or AutoStackDataException)
            {
                return new Release(Before: null, dropped, exception);
            }

            if (isDropped)
            {
                dropped++;
            }
            else if (archiving is not null && partition.From < first)
            {
                // Rows that are purged one by one are in no archive: a partition that stays is left whole.
                first = partition.From.Value;
            }
        }

        var whole = FirstWhole(partitions, before);
        return new Release(first < whole ? first : whole, dropped);
    }

    /// <summary>
    /// The moment before which rows of a table are purged one by one: the start of the first period that has not ended before a moment, at
    /// the latest that moment. The partition of such a period stays whole. One that is due and stays, because it has young rows, is purged
    /// like the default partition.
    /// </summary>
    internal async Task<DateTimeOffset> FindFirstWholeAsync(string table, DateTimeOffset before, CancellationToken cancellationToken) =>
        await AreChunksAsync(table, cancellationToken).ConfigureAwait(false)
            ? await HealthCheckChunks.FindFirstWholeAsync(db, before, cancellationToken).ConfigureAwait(false)
            : FirstWhole(await ListBoundedAsync(table, cancellationToken).ConfigureAwait(false), before);

    private async Task<bool> AreChunksAsync(string table, CancellationToken cancellationToken) =>
        table == HealthCheckChunks.Table && await hours.AreThereAsync(db, cancellationToken).ConfigureAwait(false);

    private static DateTimeOffset FirstWhole(IEnumerable<LogPartition> partitions, DateTimeOffset before) => partitions
        .Where(partition => partition.Until > before)
        .Aggregate(before, (first, partition) => partition.From < first ? partition.From!.Value : first);

    private async Task<List<LogPartition>> ListBoundedAsync(string table, CancellationToken cancellationToken)
    {
        if (!Tables.Contains(table))
        {
            return [];
        }

        var status = await FindStatusAsync(cancellationToken).ConfigureAwait(false);
        return [.. status.Tables.Single(found => found.Name == table).Partitions.Where(partition => partition.IsBounded)];
    }

    // False when the partition stays, and when the first attempt of a repeated call has dropped it.
    private Task<bool> DropAsync(string name, DateTimeOffset before, CancellationToken cancellationToken) => DropAttempts.RunAsync(
        name, DropAttempts.Longest,
        () => RunPatientlyAsync(
            new Statement("SELECT 1 WHERE public.drop_log_partition(@name, @before)", P.Text(name, name: "name"), P.Of(before)),
            nameof(DropAsync), cancellationToken),
        cancellationToken);

    // True when the statement returns a row.
    private Task<bool> RunPatientlyAsync(Statement statement, string operation, CancellationToken cancellationToken) =>
        patient.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false);
            },
            [LiftLimits(), statement],
            cancellationToken,
            operation);

    private static PartitionedTable Table(string name, List<Found> rows, DateTimeOffset readAt)
    {
        var partitions = rows.Where(row => row.Partition is not null && row.Bytes is not null)
            .Select(Partition).OrderBy(partition => partition.From ?? DateTimeOffset.MaxValue).ToList();
        var isPartitioned = rows.Any(row => row.IsPartitioned);
        return new PartitionedTable(name, isPartitioned, partitions)
        {
            RefusesFrom = rows.Select(row => Id(Reserved(), row.Ahead) is { } from ? Time(from) : (DateTimeOffset?)null)
                .FirstOrDefault(from => from is not null),
            DaysAhead = isPartitioned ? Math.Max((partitions.Max(partition => partition.Until) - readAt)?.TotalDays ?? 0, 0) : null,
        };
    }

    // A partition that was attached by hand may have any bound: the period has all milliseconds that the partition has a part of.
    private static LogPartition Partition(Found row)
    {
        var (from, until) = (Id(From(), row.Bound), Id(Until(), row.Bound));
        return new LogPartition(
            row.Partition!,
            from is { } first ? Time(first) : null,
            until is { } end ? Time(end, isRoundedUp: true) : null,
            row.Rows < 0 ? null : row.Rows,
            row.Bytes!.Value)
        {
            Ids = row.IsInPlace && from is { } lower && until is { } upper ? (lower, upper) : null,
        };
    }

    private static Guid? Id(Regex form, string? text) =>
        form.Match(text ?? "") is { Success: true } match ? Guid.Parse(match.Groups[1].ValueSpan) : null;

    // A UUID of version 7 begins with the milliseconds since 1970.
    private static DateTimeOffset Time(Guid id, bool isRoundedUp = false)
    {
        var bytes = id.ToByteArray(bigEndian: true);
        var milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
        milliseconds += isRoundedUp && bytes.AsSpan(6).ContainsAnyExcept((byte)0) ? 1 : 0;
        return DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(milliseconds, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
    }

    [GeneratedRegex(@"FROM \('([0-9a-f-]{36})'\)", RegexOptions.CultureInvariant)]
    private static partial Regex From();

    [GeneratedRegex(@"TO \('([0-9a-f-]{36})'\)", RegexOptions.CultureInvariant)]
    private static partial Regex Until();

    [GeneratedRegex(">= '([0-9a-f-]{36})'", RegexOptions.CultureInvariant)]
    private static partial Regex Reserved();

    private sealed record Found(
        string Table, bool IsPartitioned, string? Partition, string? Bound, long? Rows, long? Bytes, string? Ahead, DateTimeOffset ReadAt,
        bool IsInPlace);

    /// <summary>What a retention run has dropped, and what is left to purge.</summary>
    /// <param name="Before">The moment before which rows are purged one by one; null when none are.</param>
    /// <param name="Dropped">The number of dropped partitions.</param>
    /// <param name="Failure">Why the next partition was not dropped; null without a failure.</param>
    internal readonly record struct Release(DateTimeOffset? Before, int Dropped, Exception? Failure = null);
}

/// <summary>Drops a partition in another way, for example after it was archived; false when the partition stays.</summary>
internal delegate Task<bool> PartitionDrop(
    string table, LogPartition partition, DateTimeOffset before, CancellationToken cancellationToken);
