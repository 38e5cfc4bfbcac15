namespace AutoStack.Data.Retention;

/// <summary>
/// The sizes of batches and the pauses between them: batches shrink by half and grow by a tenth. It measures nothing and waits for nothing;
/// its caller reports durations and lags, and pauses.
/// </summary>
internal sealed class Pacer(RetentionPacing pacing)
{
    private const double SmallestShare = 0.02;
    private const double Growth = 0.1;
    private static readonly TimeSpan LagCheck = TimeSpan.FromSeconds(1);

    private double share = 1;
    private TimeSpan waited;

    /// <summary>The size of the next batch.</summary>
    /// <param name="full">The size at full speed.</param>
    public int Size(int full) => Math.Max(1, (int)Math.Round(full * share));

    /// <summary>
    /// How long to pause before the lag is looked at again; null when the next batch may start. After the longest pause, one batch of the
    /// smallest size starts, whatever the lag.
    /// </summary>
    /// <param name="lag">The greatest lag of a standby; null without a standby, or when it is not known.</param>
    public TimeSpan? PauseFor(TimeSpan? lag)
    {
        var isBehind = lag > pacing.MaxReplicaLag;
        if (isBehind && waited < pacing.MaxPause)
        {
            var pause = pacing.MaxPause - waited < LagCheck ? pacing.MaxPause - waited : LagCheck;
            waited += pause;
            return pause;
        }

        share = isBehind ? SmallestShare : share;
        waited = TimeSpan.Zero;
        return null;
    }

    /// <summary>Adapts to a batch, and returns the pause after it.</summary>
    /// <param name="took">The duration of the batch.</param>
    public TimeSpan PauseAfter(TimeSpan took)
    {
        share = took > pacing.TargetBatchTime ? Math.Max(SmallestShare, share / 2)
            : took < pacing.TargetBatchTime / 2 ? Math.Min(1, share + Growth)
            : share;
        var pause = took.TotalMilliseconds * pacing.NiceRatio;
        return pause < pacing.MaxPause.TotalMilliseconds ? TimeSpan.FromMilliseconds(pause) : pacing.MaxPause;
    }
}
