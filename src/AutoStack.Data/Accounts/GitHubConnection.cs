namespace AutoStack.Data.Accounts;

/// <summary>A user's connection with GitHub. The tokens are not part of it.</summary>
public sealed record GitHubConnection
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The name at GitHub; null when not known.</summary>
    public required string? GitHubUsername { get; init; }

    /// <summary>From when on the access token is refused; null for one that does not expire.</summary>
    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>What the access token allows; null when not known.</summary>
    public required GitHubScopes? Scope { get; init; }

    /// <summary>When the tokens were last stored.</summary>
    public required DateTimeOffset ConnectedAt { get; init; }
}

/// <summary>A place in a list of connections, which goes from the first to expire to the last.</summary>
/// <param name="TokenExpiresAt">From when on the access token of the last row seen is refused.</param>
/// <param name="Id">The id of the last row seen.</param>
public readonly record struct GitHubConnectionCursor(DateTimeOffset TokenExpiresAt, Guid Id)
{
    /// <summary>Before the first to expire.</summary>
    public static GitHubConnectionCursor Start { get; }
}

/// <summary>Tokens that GitHub gave.</summary>
public sealed record GitHubTokens
{
    /// <summary>The access token.</summary>
    public required Secret AccessToken { get; init; }

    /// <summary>The refresh token; null when there is none.</summary>
    public Secret? RefreshToken { get; init; }

    /// <summary>From when on the access token is refused; null for one that does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What the access token allows; null to keep what is stored.</summary>
    public GitHubScopes? Scope { get; init; }

    /// <summary>The name at GitHub, up to 255 characters; null to keep what is stored.</summary>
    public string? GitHubUsername { get; init; }
}
