namespace AutoStack.Data.Deployments;

/// <summary>A filter of a user's deployments; a deployment matches when it meets every condition that is set.</summary>
public sealed record DeploymentFilter
{
    /// <summary>The maximum length of <see cref="ProjectName"/> and <see cref="CommitMessage"/>, in characters.</summary>
    public const int MaxTextLength = 255;

    /// <summary>Matches every deployment.</summary>
    public static DeploymentFilter All { get; } = new();

    /// <summary>The project; null for any.</summary>
    public Guid? ProjectId { get; init; }

    /// <summary>The status; null for any.</summary>
    public DeploymentStatus? Status { get; init; }

    /// <summary>
    /// A text that the name of the project contains, up to <see cref="MaxTextLength"/> characters. Case is ignored letter by letter as in
    /// Unicode, whatever the locale of the database, and no character has a special meaning. Null or empty for any name.
    /// </summary>
    public string? ProjectName { get; init; }

    /// <summary>
    /// A text that the commit message contains, as <see cref="ProjectName"/>; deployments without a message do not match. The time grows
    /// with the number of the user's deployments that do not match. Null or empty for any message.
    /// </summary>
    public string? CommitMessage { get; init; }
}
