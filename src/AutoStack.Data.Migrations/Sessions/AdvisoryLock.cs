using System.Diagnostics;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Polls for an advisory lock: a session that waits inside <c>pg_advisory_lock</c> holds a snapshot that CREATE INDEX CONCURRENTLY would
/// wait for.
/// </summary>
internal static class AdvisoryLock
{
    public static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    /// <summary>Acquires the lock.</summary>
    /// <param name="tryAcquire">Tries once.</param>
    /// <param name="findHolder">Finds the session that holds the lock; null when the server does not report it.</param>
    /// <param name="refusal">The beginning of the error's message.</param>
    /// <param name="wait">The longest wait.</param>
    /// <param name="progress">Receives the wait when it begins and every few seconds.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.Locked"/>.</exception>
    public static async Task AcquireAsync(
        Func<Task<bool>> tryAcquire,
        Func<Task<string?>> findHolder,
        string refusal,
        TimeSpan wait,
        IProgress<MigrationEvent>? progress,
        CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        TimeSpan? reported = null;
        while (!await tryAcquire().ConfigureAwait(false))
        {
            var holder = await findHolder().ConfigureAwait(false);
            if (watch.Elapsed >= wait)
            {
                throw new MigrationException(MigrationError.Locked,
                    $"{refusal}{(holder is null ? "" : $" ({holder})")}; gave up after {wait.TotalSeconds:0} s.");
            }

            if (reported is null || watch.Elapsed - reported >= ReportInterval)
            {
                reported = watch.Elapsed;
                progress?.Report(new WaitingForLock(holder, watch.Elapsed));
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }
}
