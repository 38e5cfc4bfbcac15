namespace AutoStack.Data.Accounts;

/// <summary>The links of an account in detail, so that the owner can recognise their own.</summary>
public sealed record LinkedAccounts
{
    /// <summary>The links that exist.</summary>
    public required AccountLinks Links { get; init; }

    /// <summary>The id of the GitHub account that can sign in; null when none is linked.</summary>
    public required string? GitHubId { get; init; }

    /// <summary>The id of the Google account that can sign in; null when none is linked.</summary>
    public required string? GoogleId { get; init; }

    /// <summary>The id of the GitLab account that can sign in; null when none is linked.</summary>
    public required string? GitLabId { get; init; }

    /// <summary>The id of the Bitbucket account that can sign in; null when none is linked.</summary>
    public required string? BitbucketId { get; init; }

    /// <summary>The name at GitHub of the user whose tokens are stored; null without tokens, or when not known.</summary>
    public required string? GitHubUsername { get; init; }

    /// <summary>When the GitHub tokens were stored; null without tokens.</summary>
    public required DateTimeOffset? GitHubConnectedAt { get; init; }
}

/// <summary>The links of an account that a reset of the password can keep.</summary>
[Flags]
public enum AccountLinks
{
    /// <summary>No link.</summary>
    None = 0,

    /// <summary>The GitHub account that can sign in: <c>users.github_id</c>.</summary>
    GitHub = 1,

    /// <summary>The Google account that can sign in: <c>users.google_id</c>.</summary>
    Google = 2,

    /// <summary>The GitHub tokens that the platform uses: <c>github_connections</c>.</summary>
    GitHubConnection = 4,

    /// <summary>The GitLab account that can sign in: <c>user_identities</c>.</summary>
    GitLab = 8,

    /// <summary>The Bitbucket account that can sign in: <c>user_identities</c>.</summary>
    Bitbucket = 16,
}
