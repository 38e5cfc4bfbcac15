using System.Data.Common;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Runs reads on a standby, and on the primary when no standby can answer. Refuses everything else.</summary>
/// <param name="standbys">The connections to a standby, or to the primary while no standby answers.</param>
/// <param name="primary">Runs what a standby cannot answer.</param>
/// <param name="telemetry">Measures the calls.</param>
/// <param name="timeouts">The limits of the calls.</param>
/// <param name="settings">What the server is told about each call.</param>
/// <param name="wait">The time in which a standby that is behind the token is asked again.</param>
/// <param name="repository">The interface that the caller uses.</param>
/// <param name="token">What the reads must see.</param>
internal sealed class StandbyExecutor(
    Pool standbys, Executor primary, Telemetry telemetry, Timeouts timeouts, TransactionSettings settings, TimeSpan wait, Type repository,
    ReadToken token)
    : PooledExecutor(standbys, telemetry, timeouts, reopens: false, settings)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private readonly Timeouts timeouts = timeouts;

    public override Task<T> RunAsync<T>(
        Operation operation,
        Statement[] statements,
        Access access,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        if (access != Access.Read)
        {
            AllowWrite(operation);
        }

        return ReadAsync(operation, statements, send, read, cancellationToken);
    }

    public override void AllowWrite(Operation operation) => throw new InvalidOperationException(
        $"{repository.Name}.{operation.Method} changes rows, and IStandbyReads only reads: call the method on {repository.Name} itself.");

    // The primary gets the second attempt.
    protected override bool Continue(ref Retries retries, Exception exception, bool isLost, out TimeSpan delay)
    {
        _ = base.Continue(ref retries, exception, isLost, out delay);
        return false;
    }

    private async Task<T> ReadAsync<T>(
        Operation operation,
        Statement[] statements,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var call = new Call(operation, timeouts.Operation, cancellationToken);
        call.Send();
        try
        {
            if (token == ReadToken.None)
            {
                return await base.RunAsync(operation, statements, Access.Read, send, read, cancellationToken).ConfigureAwait(false);
            }

            var (isSeen, result) = await ReadAtLeastAsync(operation, statements, read, cancellationToken).ConfigureAwait(false);
            if (isSeen)
            {
                return result;
            }
        }
        catch (Exception exception) when (IsOfTheStandby(exception) && call.HasTimeFor(TimeSpan.Zero))
        {
            // The primary may answer.
        }

        var answer = primary.RunAsync(operation, statements, Access.Read, send, read, cancellationToken);
        if (!await call.EndsAsync(answer).ConfigureAwait(false))
        {
            Background.Forget(answer);
            throw call.GiveUp(mayChange: false);
        }

        return await answer.ConfigureAwait(false);
    }

    // The check travels with the read. While it says no, it is asked again alone, so that a token costs no further reads.
    private async Task<(bool IsSeen, T Result)> ReadAtLeastAsync<T>(
        Operation operation, Statement[] statements, Func<NpgsqlDataReader, Call, Task<T>> read, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var check = Check();
            Statement[] checkedRead = [check, .. statements];
            var answer = await base.RunAsync(
                operation, checkedRead, Access.Read, (connection, call) => SendAsync(connection, checkedRead, call), ReadCheckedAsync,
                cancellationToken).ConfigureAwait(false);
            if (answer.IsSeen)
            {
                return answer;
            }

            do
            {
                if (Stopwatch.GetElapsedTime(started) >= wait)
                {
                    return default;
                }

                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
            }
            while (!await base.RunAsync(
                operation, [check], Access.Read, (connection, call) => SendAsync(connection, [check], call), IsSeenAsync,
                cancellationToken).ConfigureAwait(false));
        }

        async Task<(bool IsSeen, T Result)> ReadCheckedAsync(NpgsqlDataReader reader, Call call)
        {
            if (!await IsSeenAsync(reader, call).ConfigureAwait(false))
            {
                return default;
            }

            await reader.NextResultAsync(call.Token).ConfigureAwait(false);
            return (true, await read(reader, call).ConfigureAwait(false));
        }
    }

    // Each statement sees what the standby has applied when the statement starts: with one snapshot for all, what the check finds could
    // have been applied after the snapshot of the read.
    private Task<DbDataReader?> SendAsync(NpgsqlConnection connection, Statement[] statements, Call call) =>
        SendBatchAsync(connection, statements, readCommitted: true, call)!;

    private static async Task<bool> IsSeenAsync(NpgsqlDataReader reader, Call call) =>
        await reader.ReadAsync(call.Token).ConfigureAwait(false) && reader.GetBoolean(0);

    // A transaction of the future has no status, and asking for it is an error; the status of one that ended long ago is forgotten.
    private Statement Check() => token.IsPosition
        ? new Statement(
            """
            SELECT CASE
                WHEN pg_catalog.pg_is_in_recovery() THEN coalesce(pg_catalog.pg_last_wal_replay_lsn() >= @position::pg_lsn, FALSE)
                ELSE TRUE
            END
            """,
            P.Text(token.ToString(), name: "position"))
        : new Statement(
            """
            SELECT CASE
                WHEN @transaction::xid8 < pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
                    THEN coalesce(pg_catalog.pg_xact_status(@transaction::xid8) = 'committed', TRUE)
                ELSE FALSE
            END
            """,
            P.Text(token.ToString(), name: "transaction"));

    // Without its limit of time, which the primary would exceed as well, and without errors of the values. A standby may refuse what the
    // primary accepts: SERIALIZABLE by default, or a column that a migration has just added.
    private static bool IsOfTheStandby(Exception exception) =>
        exception is DatabaseUnavailableException or ConflictException or NpgsqlException;
}
