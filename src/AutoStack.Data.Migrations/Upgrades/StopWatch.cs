using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Measures how long a transaction keeps readers and writers from the tables that were there before it.</summary>
internal sealed class StopWatch
{
    private readonly NpgsqlConnection connection;
    private readonly Dictionary<uint, string> tables = [];
    private readonly Dictionary<uint, long> readers = [];
    private readonly Dictionary<uint, long> writers = [];

    private StopWatch(NpgsqlConnection connection) => this.connection = connection;

    /// <summary>Notes the tables that exist; the transaction has created none yet.</summary>
    public static async Task<StopWatch> StartAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var watch = new StopWatch(connection);
        await watch.ReadAsync("""
            SELECT c.oid, CASE s.nspname WHEN 'public' THEN c.relname::text ELSE s.nspname || '.' || c.relname END
            FROM pg_class c
            JOIN pg_namespace s ON s.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'm') AND s.nspname !~ '^pg_' AND s.nspname <> 'information_schema'
            """, row => watch.tables.Add(row.GetFieldValue<uint>(0), row.GetString(1)), cancellationToken).ConfigureAwait(false);
        return watch;
    }

    /// <summary>Reads the locks that the transaction holds since a script that started at a timestamp.</summary>
    public Task ReadAsync(long started, CancellationToken cancellationToken) => ReadAsync("""
        SELECT l.relation, bool_or(l.mode = 'AccessExclusiveLock')
        FROM pg_locks l
        WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
          AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        GROUP BY l.relation
        """, row =>
    {
        var table = row.GetFieldValue<uint>(0);
        if (tables.ContainsKey(table))
        {
            writers.TryAdd(table, started);
            if (row.GetBoolean(1))
            {
                readers.TryAdd(table, started);
            }
        }
    }, cancellationToken);

    /// <summary>The stops until now, the longest first.</summary>
    public IReadOnlyList<TableStop> Finish() =>
    [
        .. writers.Select(stop => new TableStop(
                tables[stop.Key],
                readers.TryGetValue(stop.Key, out var since) ? Stopwatch.GetElapsedTime(since) : TimeSpan.Zero,
                Stopwatch.GetElapsedTime(stop.Value)))
            .OrderByDescending(stop => stop.Readers).ThenByDescending(stop => stop.Writers),
    ];

    private async Task ReadAsync(string sql, Action<NpgsqlDataReader> row, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            row(reader);
        }
    }
}
