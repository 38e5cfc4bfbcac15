namespace AutoStack.Data.Deployments;

/// <summary>A filter of a user's deployments; a deployment matches when it meets every condition that is set.</summary>
public sealed record DeploymentFilter
{
    /// <summary>Matches every deployment.</summary>
    public static DeploymentFilter All { get; } = new();

    /// <summary>The project; null for any.</summary>
    public Guid? ProjectId { get; init; }

    /// <summary>The status; null for any.</summary>
    public DeploymentStatus? Status { get; init; }

    /// <summary>
    /// A text that the name of the project contains, up to 255 characters, ignoring case; <c>%</c> and <c>_</c> are ordinary characters.
    /// Null or empty for any name.
    /// </summary>
    public string? ProjectName { get; init; }
}
