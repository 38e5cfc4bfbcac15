namespace AutoStack.Data.Projects;

/// <summary>A user's access to a repository, as its provider confirmed it.</summary>
public sealed record RepositoryAccess
{
    /// <summary>The provider.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>
    /// The host of the provider, for example <c>github.com</c> or <c>gitlab.example.com</c>: ids are unique on one host only. Null for a
    /// Bitbucket Data Center
    /// whose pushes name no host.
    /// </summary>
    public required string? Host { get; init; }

    /// <summary>
    /// The provider's id of the repository, which renames and transfers keep: <c>id</c> at GitHub, at GitLab (of the project) and at
    /// Bitbucket Data Center,
    /// <c>uuid</c> at Bitbucket Cloud; up to 255 characters.
    /// </summary>
    public required string RepositoryId { get; init; }

    /// <summary>
    /// When the provider confirmed it; a time in the future counts as the present. Null for the present, by the database's clock.
    /// </summary>
    public DateTimeOffset? VerifiedAt { get; init; }
}
