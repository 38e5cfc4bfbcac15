using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// Notifies followers that logs have grown: immediately, then at most every tenth of a second with all logs that have grown since. A
/// notification is not part of an append, because the commit of a notifying transaction waits for every other one on the server. Followers
/// poll, and so find the lines of a notification that was lost.
/// </summary>
internal sealed class LogNotifier(Db db) : IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();

    // Guarded by gate; stopping is cancelled under gate too, so that no run starts afterwards.
    private readonly HashSet<Guid> grown = [];
    private Task? running;

    /// <summary>Records that lines of these deployments were committed.</summary>
    public void Record(params IEnumerable<Guid> deploymentIds)
    {
        lock (gate)
        {
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            grown.UnionWith(deploymentIds);
            if (running is null)
            {
                running = Background.Run(RunAsync);
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopping.Cancel();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        Task? last;
        lock (gate)
        {
            last = running;
        }

        await (last ?? Task.CompletedTask).ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            Guid[] ids;
            lock (gate)
            {
                if (grown.Count == 0 || stopping.IsCancellationRequested)
                {
                    running = null;
                    return;
                }

                ids = [.. grown];
                grown.Clear();
            }

            try
            {
                await db.WriteAsync($"""
                    SELECT pg_catalog.pg_notify('{IDeploymentLogRepository.Channel}', u.id::text)
                    FROM pg_catalog.unnest(@ids) AS u (id)
                    """, [P.Of(ids)], stopping.Token, "NotifyAsync").ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Any failure: followers poll.
            catch (Exception)
#pragma warning restore CA1031
            {
            }

            await Task.Delay(Pause, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
