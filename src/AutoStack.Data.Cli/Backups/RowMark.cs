using System.Data;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Backups;

/// <summary>
/// The rows of every table in one snapshot, and the position in the write-ahead log at which the snapshot was taken: a server that is
/// recovered to this position has these rows, no more and no fewer.
/// </summary>
/// <param name="Database">The database.</param>
/// <param name="At">When the snapshot was taken, by the clock of the server.</param>
/// <param name="Position">The position in the write-ahead log.</param>
/// <param name="Snapshot">The snapshot, as <c>pg_current_snapshot()</c> prints it.</param>
/// <param name="Rows">The number of rows per table.</param>
/// <param name="NotCounted">Tables that could not be counted, each with the reason.</param>
internal sealed record RowMark(
    string Database,
    DateTimeOffset At,
    string Position,
    string Snapshot,
    IReadOnlyDictionary<string, long> Rows,
    IReadOnlyDictionary<string, string> NotCounted)
{
    public const string Key = "autostack-rows";

    // The snapshot is taken before the position is read. What commits between the two is found when the rows are compared.
    private const string Moment = """
        SELECT current_database()::text, clock_timestamp(), pg_current_wal_insert_lsn()::text, pg_current_snapshot()::text
        """;

    // Unlogged and temporary tables are empty after a restore; a partition is counted with its table.
    private const string Tables = """
        SELECT n.nspname::text, c.relname::text
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
            AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        ORDER BY 1, 2
        """;

    private static readonly TimeSpan Long = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web);

    /// <summary>Counts every table of the database; reads each of them whole.</summary>
    /// <param name="connection">A connection to the primary, in no transaction.</param>
    /// <param name="limit">The longest time for one table, which is left out after it; zero for no limit.</param>
    /// <param name="report">Receives each table that took long.</param>
    /// <param name="cancellationToken">Cancels the counting.</param>
    public static async Task<RowMark> CountAsync(
        NpgsqlConnection connection, TimeSpan limit, Action<string> report, CancellationToken cancellationToken)
    {
        // Without row_security, a policy that hides rows makes the count fail instead of wrong.
        await ExecuteAsync(
            connection, $"{SearchPath.Own}; SET lock_timeout = '1s'; SET row_security = off; {SessionLimits.Lift}", cancellationToken)
            .ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        await ExecuteAsync(connection, "SET TRANSACTION READ ONLY", cancellationToken).ConfigureAwait(false);
        using var position = new NpgsqlCommand(Moment, connection);
        var (database, at, lsn, snapshot) = (await position.ListAsync(
            row => (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1), row.GetString(2), row.GetString(3)), cancellationToken)
            .ConfigureAwait(false))[0];
        var (rows, notCounted) = await CountTablesAsync(connection, limit, report, cancellationToken).ConfigureAwait(false);
        return new RowMark(database, at, lsn, snapshot, rows, notCounted);
    }

    /// <summary>Counts every table in the open transaction.</summary>
    public static async Task<(IReadOnlyDictionary<string, long> Rows, IReadOnlyDictionary<string, string> NotCounted)> CountTablesAsync(
        NpgsqlConnection connection, TimeSpan limit, Action<string> report, CancellationToken cancellationToken)
    {
        using var tables = new NpgsqlCommand(Tables, connection);
        var (rows, notCounted) = (new SortedDictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, string>());
        var milliseconds = ((long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        await ExecuteAsync(connection, $"SET LOCAL statement_timeout = {milliseconds}", cancellationToken).ConfigureAwait(false);
        foreach (var (schema, table) in await tables.ListAsync(row => (row.GetString(0), row.GetString(1)), cancellationToken)
            .ConfigureAwait(false))
        {
            var name = schema == "public" ? table : $"{schema}.{table}";
            var watch = Stopwatch.StartNew();
            await ExecuteAsync(connection, "SAVEPOINT counting", cancellationToken).ConfigureAwait(false);
            try
            {
                var relation = $"{Databases.Maintenance.Identifier(schema)}.{Databases.Maintenance.Identifier(table)}";
                using var count = new NpgsqlCommand($"SELECT count(*) FROM {relation}", connection) { CommandTimeout = 0 };
                rows[name] = (long)(await count.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
                if (watch.Elapsed > Long)
                {
                    report(string.Create(
                        CultureInfo.InvariantCulture, $"{Visible.Text(name)}: {rows[name]:N0} rows in {Amount.Age(watch.Elapsed)}."));
                }
            }
            catch (PostgresException exception)
            {
                await ExecuteAsync(connection, "ROLLBACK TO SAVEPOINT counting", cancellationToken).ConfigureAwait(false);
                notCounted[name] = exception.SqlState == PostgresErrorCodes.QueryCanceled
                    ? $"took longer than {Amount.Age(limit)}" : exception.MessageText;
            }
        }

        return (rows, notCounted);
    }

    /// <summary>Ends the segment of the position, so that it is archived at once; false when the role may not.</summary>
    public static async Task<bool> EndSegmentAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(connection, "SELECT pg_switch_wal()", cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }

    /// <summary>
    /// The number of transactions that a recovered server has and the snapshot has not; 0 when its rows are exactly those of the snapshot.
    /// </summary>
    public async Task<long> CountLaterAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // A transaction that had an id when the snapshot was taken may have committed before the position.
        using var command = new NpgsqlCommand("""
            SELECT count(*)
            FROM (
                SELECT pg_snapshot_xip($1::text::pg_snapshot)
                UNION ALL
                SELECT id::text::xid8
                FROM generate_series(
                    pg_snapshot_xmax($1::text::pg_snapshot)::text::bigint,
                    pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) id
            ) later (id)
            WHERE pg_xact_status(later.id) = 'committed'
            """, connection);
        command.Parameters.Add(new() { Value = Snapshot });
        return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    public string ToAnnotation() => JsonSerializer.Serialize(this, Format);

    /// <summary>The mark of a backup; null when it has none.</summary>
    public static RowMark? Of(Backup backup)
    {
        try
        {
            return backup.Annotations.TryGetValue(Key, out var text) ? JsonSerializer.Deserialize<RowMark>(text, Format) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
