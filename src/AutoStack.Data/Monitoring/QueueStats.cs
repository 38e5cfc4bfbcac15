namespace AutoStack.Data.Monitoring;

/// <summary>The queue of deployments.</summary>
public sealed record QueueStats
{
    /// <summary>Counts go up to here, so that a long queue costs a look no more: 100,000.</summary>
    public const int MaxCount = 100_000;

    /// <summary>
    /// Deployments that wait for a worker, at most <see cref="MaxCount"/>: neither those whose start has not come, nor those of paused
    /// projects and closed accounts. A pause of the whole queue does not change it.
    /// </summary>
    public required long Waiting { get; init; }

    /// <summary>
    /// How long the deployment at the head of the queue has waited, since its start if it has one, in seconds; null without one. With a
    /// share per user or project, an older deployment may come after it.
    /// </summary>
    public required double? HeadSeconds { get; init; }

    /// <summary>Deployments that workers build, at most <see cref="MaxCount"/>.</summary>
    public required long Running { get; init; }

    /// <summary>Leases that are held, at most <see cref="MaxCount"/>.</summary>
    public required long Leases { get; init; }

    /// <summary>Of the held leases, those that have expired and were not taken back yet.</summary>
    public required long ExpiredLeases { get; init; }

    /// <summary>
    /// Estimated lines of build logs whose time is in the last 24 hours, from the histogram of the last ANALYZE; no row is read. Null
    /// without ANALYZE, or when the role may not read the column.
    /// </summary>
    public required long? LogLinesPerDay { get; init; }
}
