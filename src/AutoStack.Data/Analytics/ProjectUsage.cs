namespace AutoStack.Data.Analytics;

/// <summary>What a project used in a range of time. Deleted deployments count: deleting one does not take back what it used.</summary>
public sealed record ProjectUsage
{
    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The project's name.</summary>
    public required string ProjectName { get; init; }

    /// <summary>The deployments that were queued in the range, whatever their status.</summary>
    public required long Deployments { get; init; }

    /// <summary>Those that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>
    /// Build time of all of them in whole seconds, also of those that failed or were cancelled. One that has not ended adds nothing yet.
    /// </summary>
    public required long BuildSeconds { get; init; }
}
