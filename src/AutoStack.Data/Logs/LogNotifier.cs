using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>
/// Tells who follows that logs have grown: at once, then at most every tenth of a second, with all that have grown since. A notification
/// makes its commit wait for every other one of the server, so that it is no part of an append. One that is lost is made up for by those
/// who follow, who look from time to time.
/// </summary>
internal sealed class LogNotifier(Db db) : IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock gate = new();
    private readonly HashSet<Guid> grown = [];
    private readonly CancellationTokenSource stopping = new();
    private Task? running;

    /// <summary>Lines of these deployments were committed.</summary>
    public void Mark(params IEnumerable<Guid> deploymentIds)
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
        await (running ?? Task.CompletedTask).ConfigureAwait(false);
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
#pragma warning disable CA1031 // Whatever it is: nobody depends on it.
            catch (Exception)
#pragma warning restore CA1031
            {
            }

            await Task.Delay(Pause, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
