namespace AutoStack.Data.Deployments;

/// <summary>Which of a user's deployments are meant: those that meet all that is given.</summary>
public sealed record DeploymentFilter
{
    /// <summary>All of them.</summary>
    public static DeploymentFilter All { get; } = new();

    /// <summary>The project; null for any.</summary>
    public Guid? ProjectId { get; init; }

    /// <summary>Where they stand; null for anywhere.</summary>
    public DeploymentStatus? Status { get; init; }

    /// <summary>
    /// A text that the name of the project contains, up to 255 characters, whatever its case; <c>%</c> and <c>_</c> stand for themselves.
    /// Null or empty for any name.
    /// </summary>
    public string? ProjectName { get; init; }
}
