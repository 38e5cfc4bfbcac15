namespace AutoStack.Data.Projects;

/// <summary>A user's access to a repository, as its provider confirmed it.</summary>
public sealed record RepositoryAccess
{
    /// <summary>The maximum length of <see cref="Host"/>, in characters.</summary>
    public const int MaxHostLength = 255;

    /// <summary>The maximum length of <see cref="RepositoryId"/>, in characters.</summary>
    public const int MaxRepositoryIdLength = 255;

    /// <summary>The provider.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>
    /// The host of the provider, for example <c>github.com</c> or <c>gitlab.example.com</c>, up to <see cref="MaxHostLength"/> characters:
    /// ids are unique per host only. Null for a Bitbucket Data Center whose pushes do not name a host.
    /// </summary>
    public required string? Host { get; init; }

    /// <summary>
    /// The provider's id of the repository, which is kept by renames and transfers: <c>id</c> at GitHub, at GitLab (of the project) and at
    /// Bitbucket Data Center, <c>uuid</c> at Bitbucket Cloud; up to <see cref="MaxRepositoryIdLength"/> characters.
    /// </summary>
    public required string RepositoryId { get; init; }

    /// <summary>
    /// When the provider confirmed the access; a time in the future counts as the present. Null for the present, by the database's clock.
    /// </summary>
    public DateTimeOffset? VerifiedAt { get; init; }
}

/// <summary>How recording a proof of access ended.</summary>
public enum AccessOutcome
{
    /// <summary>The proof was recorded: pushes deploy the project.</summary>
    Recorded,

    /// <summary>The project now names another repository, or a host other than the provider's; nothing was recorded.</summary>
    OtherRepository,

    /// <summary>The project does not exist.</summary>
    NotFound,
}
