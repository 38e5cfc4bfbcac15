namespace AutoStack.Data.Postgres;

/// <summary>
/// Notifies the waiters of a channel after commits: the first payload immediately, those recorded within the pause after a notification
/// together, each once. A notification is not part of the transaction that it reports, because the server lets notifying transactions
/// commit one at a time, each with a write to the disk of its own. A notification that fails is repeated while the process runs; waiters
/// poll for those that are lost with the process.
/// </summary>
/// <param name="db">Sends the notifications.</param>
/// <param name="channel">The channel.</param>
/// <param name="pause">The time between two notifications.</param>
/// <param name="clock">The clock of the pauses.</param>
internal sealed class Notifier(Db db, string channel, TimeSpan pause, TimeProvider clock) : IAsyncDisposable, IDisposable
{
    // A server that does not answer must not hold the end of the process up for longer.
    private static readonly TimeSpan DisposalWait = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource giveUp = new();
    private readonly Lock gate = new();

    // Guarded by gate; stopping is cancelled under gate too, so that no run starts afterwards.
    private readonly HashSet<string> recorded = [];
    private Task running = Task.CompletedTask;
    private bool isRunning;

    /// <summary>Records that changes were committed.</summary>
    /// <param name="payloads">The payload of each change; may be empty texts.</param>
    public void Record(params IEnumerable<string> payloads)
    {
        lock (gate)
        {
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            recorded.UnionWith(payloads);
            if (!isRunning && recorded.Count > 0)
            {
                isRunning = true;
                running = Background.Run(RunAsync);
            }
        }
    }

    /// <summary>Waits until everything recorded so far is sent.</summary>
    public Task SentAsync()
    {
        lock (gate)
        {
            return running;
        }
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Refuses further changes, and sends those that are recorded.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            stopping.Cancel();
        }

        giveUp.CancelAfter(DisposalWait);
        await SentAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        var failures = 0;
        while (true)
        {
            string[] payloads;
            lock (gate)
            {
                if (recorded.Count == 0)
                {
                    isRunning = false;
                    return;
                }

                payloads = [.. recorded];
                recorded.Clear();
            }

            var delay = pause;
            try
            {
                await db.WriteAsync("""
                    SELECT pg_catalog.pg_notify(@channel, u.payload)
                    FROM pg_catalog.unnest(@payloads::text[]) AS u (payload)
                    """, [P.Text(channel), P.Of(payloads)], giveUp.Token, "NotifyAsync").ConfigureAwait(false);
                failures = 0;
            }
#pragma warning disable CA1031 // Any failure: waiters poll.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (exception is AutoStackDataException { IsTransient: true })
                {
                    delay = Backoff.Reconnect.Delay(failures++);
                    Record(payloads);
                }
            }

            await Task.Delay(delay, clock, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
