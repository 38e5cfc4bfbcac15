namespace AutoStack.Data.Accounts;

/// <summary>A user's connection with GitHub. The tokens are not part of it.</summary>
public sealed record GitHubConnection
{
    /// <summary>The id, new with each <see cref="IGitHubConnectionRepository.ConnectAsync"/>; a refresh keeps it.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>The user's name at GitHub; null when it is not known.</summary>
    public required string? GitHubUsername { get; init; }

    /// <summary>When the access token expires; null when it does not expire.</summary>
    public required DateTimeOffset? TokenExpiresAt { get; init; }

    /// <summary>The scopes of the access token; null when they are not known.</summary>
    public required GitHubScopes? Scope { get; init; }

    /// <summary>When the tokens were last stored.</summary>
    public required DateTimeOffset ConnectedAt { get; init; }
}

/// <summary>Tokens that GitHub issued.</summary>
public sealed record GitHubTokens
{
    /// <summary>The maximum length of a token when written, in characters. Longer ones of other writers are read.</summary>
    public const int MaxTokenLength = 4096;

    /// <summary>The maximum length of <see cref="Scope"/> as text, in characters.</summary>
    public const int MaxScopeLength = 4096;

    /// <summary>The access token.</summary>
    public required Secret AccessToken { get; init; }

    /// <summary>The refresh token; null when GitHub issued none.</summary>
    public Secret? RefreshToken { get; init; }

    /// <summary>When the access token expires; null when it does not expire.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The scopes of the access token; null keeps the stored scopes.</summary>
    public GitHubScopes? Scope { get; init; }

    /// <summary>The user's name at GitHub, up to 255 characters; null keeps the stored name.</summary>
    public string? GitHubUsername { get; init; }
}

/// <summary>The result of <see cref="IGitHubConnectionRepository.RefreshAsync"/>.</summary>
/// <param name="Outcome">Whether the refreshed tokens were stored, and if not, why.</param>
/// <param name="Connection">The user's connection as it is stored now; null when the user has none.</param>
public sealed record GitHubRefreshResult(UpdateOutcome Outcome, GitHubConnection? Connection);
