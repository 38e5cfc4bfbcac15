namespace AutoStack.Data.Retention;

/// <summary>
/// How a run leaves room for others: pauses between its batches, smaller batches when the server is slow, and a wait for standbys that fall
/// behind. No setting stops a run: after <see cref="MaxPause"/> it continues with one small batch.
/// </summary>
public sealed record RetentionPacing
{
    /// <summary>The greatest <see cref="NiceRatio"/>.</summary>
    public const double MaxNiceRatio = 100;

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>
    /// The pause after a batch, relative to the duration of the batch: 0 to <see cref="MaxNiceRatio"/>. Default 1: the run works for half
    /// of its time.
    /// </summary>
    public double NiceRatio { get; init; } = 1;

    /// <summary>
    /// The duration above which the next batch has half as many rows; above zero, up to 1 hour. Default 500 ms. Batches grow again while
    /// they take less than half of it.
    /// </summary>
    public TimeSpan TargetBatchTime { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// The replay lag of a standby, of <c>pg_stat_replication</c>, above which the run pauses; above zero, up to 1 hour. Default 10 s; null
    /// ignores standbys.
    /// </summary>
    public TimeSpan? MaxReplicaLag { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause between two batches; 0 to 1 hour. Default 30 s.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Throws for a value that is out of its range.</summary>
    internal void Validate(string name)
    {
        var problem = !(NiceRatio >= 0 && NiceRatio <= MaxNiceRatio) ? $"{nameof(NiceRatio)} is {NiceRatio}; it is 0 to {MaxNiceRatio}"
            : !IsIn(TargetBatchTime) ? $"{nameof(TargetBatchTime)} is {TargetBatchTime}; it is above zero, up to 1 hour"
            : MaxReplicaLag is { } lag && !IsIn(lag) ? $"{nameof(MaxReplicaLag)} is {lag}; it is above zero, up to 1 hour, or null"
            : MaxPause != TimeSpan.Zero && !IsIn(MaxPause) ? $"{nameof(MaxPause)} is {MaxPause}; it is 0 to 1 hour"
            : null;
        if (problem is not null)
        {
            throw new ArgumentOutOfRangeException(name, $"{nameof(RetentionPacing)}.{problem}.");
        }

        static bool IsIn(TimeSpan time) => time > TimeSpan.Zero && time <= Longest;
    }
}
