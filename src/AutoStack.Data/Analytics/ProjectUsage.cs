namespace AutoStack.Data.Analytics;

/// <summary>The usage of a project in a time range. Deleted deployments count: deleting does not reduce the usage.</summary>
public sealed record ProjectUsage
{
    /// <summary>The project.</summary>
    public required Guid ProjectId { get; init; }

    /// <summary>The project's name.</summary>
    public required string ProjectName { get; init; }

    /// <summary>The number of deployments of any status that were queued in the range.</summary>
    public required long Deployments { get; init; }

    /// <summary>The number of these deployments that succeeded.</summary>
    public required long Succeeded { get; init; }

    /// <summary>
    /// The build time of all these deployments in whole seconds, including failed and cancelled deployments. A deployment that has not
    /// ended adds nothing yet.
    /// </summary>
    public required long BuildSeconds { get; init; }
}
