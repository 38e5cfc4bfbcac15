namespace AutoStack.Data;

/// <summary>Which process runs a periodic task now, and how its last run ended.</summary>
public sealed record UpkeepState
{
    /// <summary>True while a process holds the lease, and the lease has not expired.</summary>
    public required bool IsRunning { get; init; }

    /// <summary>The process that holds the lease, or held it last; null before the first run.</summary>
    public required string? Holder { get; init; }

    /// <summary>When that process acquired the lease; null before the first run.</summary>
    public required DateTimeOffset? AcquiredAt { get; init; }

    /// <summary>When that process last renewed the lease; null before the first run.</summary>
    public required DateTimeOffset? RenewedAt { get; init; }

    /// <summary>When the lease expires, unless it is renewed; null before the first run.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When that process gave the lease back; null while it holds the lease, and when it was stopped by force.</summary>
    public required DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>The process of the last run that ended; null before the first one.</summary>
    public required string? LastHolder { get; init; }

    /// <summary>When that run started; null before the first one.</summary>
    public required DateTimeOffset? LastStartedAt { get; init; }

    /// <summary>When that run ended; null before the first one.</summary>
    public required DateTimeOffset? LastFinishedAt { get; init; }

    /// <summary>When a run last ended without a failure; null before the first one.</summary>
    public required DateTimeOffset? LastSucceededAt { get; init; }

    /// <summary>The outcome of the last run; null before the first one.</summary>
    public required UpkeepOutcome? LastOutcome { get; init; }

    /// <summary>The number of rows that the last run removed, or of partitions that it created; null before the first one.</summary>
    public required long? LastRows { get; init; }
}
