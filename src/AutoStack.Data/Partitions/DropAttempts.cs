using System.Diagnostics;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Partitions;

/// <summary>
/// Repeats the drop of a partition after it gave way to another session. The pause between two attempts is without any lock, because the
/// transaction of the drop has ended: writers of the partition finish in it.
/// </summary>
internal static class DropAttempts
{
    /// <summary>The time after which a drop is left to the next retention run.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Calls a drop until it does not fail for a lock, or until a time has passed.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="longest">The time after which no further attempt begins.</param>
    /// <param name="drop">One attempt, in a transaction of its own.</param>
    /// <param name="cancellationToken">Ends the pause between two attempts.</param>
    /// <exception cref="StatementTimeoutException">Every attempt failed for a lock; the partition stays.</exception>
    public static async Task<T> RunAsync<T>(
        string partition, TimeSpan longest, Func<Task<T>> drop, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        for (var failures = 0; ; failures++)
        {
            try
            {
                return await drop().ConfigureAwait(false);
            }
            catch (StatementTimeoutException exception)
                when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable } refusal)
            {
                if (Stopwatch.GetElapsedTime(started) >= longest)
                {
                    throw new StatementTimeoutException(
                        $"Other sessions use the partition {partition}: it was not dropped, and the next run tries again.", refusal);
                }
            }

            await Task.Delay(Backoff.Drop.Delay(failures), cancellationToken).ConfigureAwait(false);
        }
    }
}
