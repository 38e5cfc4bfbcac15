namespace AutoStack.Data.Deployments;

/// <summary>A pause of the queue: no worker claims what it covers. Deployments are queued as before.</summary>
public sealed record QueuePause
{
    /// <summary>The maximum length of <see cref="PausedBy"/>, in characters.</summary>
    public const int MaxNameLength = 255;

    /// <summary>The maximum length of <see cref="Reason"/>, in characters.</summary>
    public const int MaxReasonLength = 1000;

    /// <summary>The project; null for the whole queue.</summary>
    public required Guid? ProjectId { get; init; }

    /// <summary>Who paused, for people to read.</summary>
    public required string PausedBy { get; init; }

    /// <summary>The reason, for people to read; null for no reason.</summary>
    public required string? Reason { get; init; }

    /// <summary>The time of the pause.</summary>
    public required DateTimeOffset PausedAt { get; init; }
}

/// <summary>The outcome of a pause.</summary>
public enum PauseOutcome
{
    /// <summary>The queue or the project is paused.</summary>
    Paused,

    /// <summary>An earlier pause is in effect, with its own name, reason and time. Nothing changed.</summary>
    AlreadyPaused,

    /// <summary>The project does not exist.</summary>
    NotFound,
}

/// <summary>The numbers of the queue, each counted up to <see cref="MaxCount"/>.</summary>
public sealed record QueueCounts
{
    /// <summary>The number up to which deployments are counted.</summary>
    public const int MaxCount = 100_000;

    /// <summary>Deployments that a worker may claim now, if the queue as a whole is not paused.</summary>
    public required int Waiting { get; init; }

    /// <summary>Deployments that wait for the end of the pause of their project.</summary>
    public required int Paused { get; init; }

    /// <summary>Deployments that wait for their start.</summary>
    public required int Scheduled { get; init; }

    /// <summary>The next start; null when no deployment is scheduled.</summary>
    public required DateTimeOffset? NextStart { get; init; }

    /// <summary>The pause of the whole queue; null when only projects are paused, or none is.</summary>
    public required QueuePause? Pause { get; init; }
}

/// <summary>The place of one waiting deployment.</summary>
public sealed record QueuePosition
{
    /// <summary>The number up to which <see cref="Ahead"/> is counted.</summary>
    public const int MaxAhead = 10_000;

    /// <summary>
    /// The number of deployments before this one, without paused ones, counted up to <see cref="MaxAhead"/>; null for a
    /// scheduled deployment, which gets its turn at its start. Users take turns, so deployments that are queued later may go before it.
    /// </summary>
    public required int? Ahead { get; init; }

    /// <summary>The start of a scheduled deployment; null for every other.</summary>
    public required DateTimeOffset? StartAt { get; init; }

    /// <summary>The pause of the whole queue, or of the deployment's project; null when neither is paused.</summary>
    public required QueuePause? Pause { get; init; }
}
