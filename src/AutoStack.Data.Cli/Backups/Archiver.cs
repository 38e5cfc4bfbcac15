using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Backups;

/// <summary>What the server itself says about archiving its write-ahead log.</summary>
/// <param name="Mode">The setting <c>archive_mode</c>.</param>
/// <param name="IsStandby">Whether the server is a standby, whose primary archives.</param>
/// <param name="Archived">The number of segments that were archived since the statistics began.</param>
/// <param name="LastSegment">The last archived segment; null when there is none.</param>
/// <param name="LastAge">How long ago that was.</param>
/// <param name="Failed">The number of attempts that failed.</param>
/// <param name="FailedSegment">The segment of the last failed attempt.</param>
/// <param name="IsFailing">Whether the last attempt failed.</param>
/// <param name="Waiting">The number of segments that wait to be archived; null when the role may not see it.</param>
/// <param name="WaitingAge">How long the oldest of them has waited; null when none waits, or the role may not see it.</param>
internal sealed record Archiver(
    string Mode,
    bool IsStandby,
    long Archived,
    string? LastSegment,
    TimeSpan? LastAge,
    long Failed,
    string? FailedSegment,
    bool IsFailing,
    long? Waiting,
    TimeSpan? WaitingAge)
{
    private const string Statistics = """
        SELECT current_setting('archive_mode'), pg_is_in_recovery(), a.archived_count, a.last_archived_wal,
            extract(epoch FROM clock_timestamp() - a.last_archived_time)::float8, a.failed_count, a.last_failed_wal,
            coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false)
        FROM pg_stat_archiver a
        """;

    // For members of pg_monitor.
    private const string Queue = """
        SELECT count(*), extract(epoch FROM clock_timestamp() - min(modification))::float8
        FROM pg_ls_archive_statusdir()
        WHERE name LIKE '%.ready'
        """;

    /// <summary>Reads the statistics; what the role may not see is null.</summary>
    public static async Task<Archiver> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var limits = new NpgsqlCommand($"{SearchPath.Own}; SET statement_timeout = '10s'; SET lock_timeout = '1s'", connection);
        await limits.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        using var statistics = new NpgsqlCommand(Statistics, connection);
        var found = (await statistics.ListAsync(
            row => new Archiver(
                row.GetString(0), row.GetBoolean(1), row.GetInt64(2), Text(row, 3), Age(row, 4), row.GetInt64(5), Text(row, 6),
                row.GetBoolean(7), Waiting: null, WaitingAge: null),
            cancellationToken).ConfigureAwait(false))[0];
        try
        {
            using var queue = new NpgsqlCommand(Queue, connection);
            return (await queue.ListAsync(
                row => found with { Waiting = row.GetInt64(0), WaitingAge = Age(row, 1) }, cancellationToken).ConfigureAwait(false))[0];
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return found;
        }
    }

    private static string? Text(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : row.GetString(at);

    private static TimeSpan? Age(NpgsqlDataReader row, int at) => row.IsDBNull(at) ? null : TimeSpan.FromSeconds(row.GetDouble(at));
}
