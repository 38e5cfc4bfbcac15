using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Polls, on the lock's connection and until disposed, which sessions block the working session, and notices that the lock is lost. The
/// server reports blockers only during the wait.
/// </summary>
internal sealed class BlockerWatch : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource lost = new();
    private readonly Task watching;

    public BlockerWatch(MigrationLock held, int processId, string fileName, IProgress<MigrationEvent>? progress) =>
        watching = WatchAsync(held, processId, fileName, progress);

    /// <summary>The blockers of the last wait; empty when no poll saw the session wait.</summary>
    public IReadOnlyList<Blocker> Blockers { get; private set; } = [];

    /// <summary>Is cancelled when the session that holds the lock has ended.</summary>
    public CancellationToken Lost => lost.Token;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(false);
        stopping.Dispose();
        lost.Dispose();
    }

    private async Task WatchAsync(MigrationLock held, int processId, string fileName, IProgress<MigrationEvent>? progress)
    {
        Stopwatch? waiting = null;
        var reported = TimeSpan.Zero;
        for (var pause = FirstPause; await PauseAsync(pause).ConfigureAwait(false); pause = Min(pause * 2, LongestPause))
        {
            IReadOnlyList<Blocker> blockers;
            try
            {
                blockers = await held.FindBlockersAsync(processId).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
            {
                if (held.IsLost)
                {
                    await lost.CancelAsync().ConfigureAwait(false);
                    return;
                }

                // A poll that timed out, for example.
                continue;
            }

            if (blockers.Count == 0)
            {
                waiting = null;
                continue;
            }

            Blockers = blockers;
            if (waiting is null)
            {
                (waiting, reported) = (Stopwatch.StartNew(), TimeSpan.Zero);
            }
            else if (waiting.Elapsed - reported >= ReportInterval)
            {
                reported = waiting.Elapsed;
                progress?.Report(new StepWaiting(fileName, reported, blockers));
            }
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private async Task<bool> PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, stopping.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
