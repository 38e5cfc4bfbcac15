using System.Diagnostics;

namespace AutoStack.Data.Retention;

/// <summary>
/// Decides whether and when the next batch of a run starts: while the process holds the lease, within the limits of the run, and with the
/// pauses of its pacing.
/// </summary>
internal sealed class RetentionGate(UpkeepLeases leases, Guid key, RetentionRunOptions options)
{
    private readonly Pacer pacer = new(options.Pacing);
    private readonly long started = Stopwatch.GetTimestamp();
    private TimeSpan pause;
    private long removed;
    private bool isLost;

    /// <summary>True when the role does not see the lag of standbys.</summary>
    public bool LagIsHidden { get; private set; }

    /// <summary>The size of the next batch.</summary>
    public int Size(int full) => (int)Math.Min(pacer.Size(full), options.MaxRows - removed ?? int.MaxValue);

    /// <summary>Waits until the next batch may start; false when the run has to end.</summary>
    public async Task<bool> MayStartAsync(CancellationToken cancellationToken)
    {
        while (!isLost && !(removed >= options.MaxRows) && !(Stopwatch.GetElapsedTime(started) >= options.MaxDuration))
        {
            var signs = await leases.ReadSignsAsync(key, options.Pacing.MaxReplicaLag is not null, cancellationToken).ConfigureAwait(false);
            isLost = signs!.IsHeld is false;
            LagIsHidden |= signs.LagIsHidden;
            if (!isLost && pacer.PauseFor(signs.Lag) is { } wait)
            {
                await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                return !isLost;
            }
        }

        return false;
    }

    /// <summary>Adapts to a batch.</summary>
    public void Finished(string table, int rows, TimeSpan took)
    {
        removed += rows;
        pause = pacer.PauseAfter(took);
        RetentionMetrics.Removed(table, rows);
    }

    /// <summary>Makes the pause after a batch.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(pause, cancellationToken);

    /// <summary>What the run has come to.</summary>
    public RetentionRunOutcome OutcomeOf(IReadOnlyList<RetentionResult> results) =>
        isLost ? RetentionRunOutcome.LeaseLost
        : results.Any(result => result.Failure is not null) ? RetentionRunOutcome.Failed
        : results.Any(result => result.MoreLeft) ? RetentionRunOutcome.Partial
        : RetentionRunOutcome.Completed;
}
