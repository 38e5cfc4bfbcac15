namespace AutoStack.Data.Accounts;

/// <summary>A password reset that a user asked for. The token is not part of it.</summary>
public sealed record PasswordResetToken
{
    /// <summary>How long a token is accepted unless said otherwise: 1 hour.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>From when on the token is refused.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was used, or replaced by a newer one; null until then.</summary>
    public required DateTimeOffset? UsedAt { get; init; }

    /// <summary>When it was issued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What came of a request for a reset.</summary>
/// <param name="Outcome">Whether a token was issued, and if not, why.</param>
/// <param name="Reset">The reset that was issued, or that is on its way; null when the user does not exist.</param>
/// <param name="Token">The token, to be sent to the user; it cannot be read again. Null unless <see
/// cref="ResetIssueOutcome.Issued"/>.</param>
/// <param name="PreviousIssuedAt">When the user's reset before this request was issued, used or not; null when none is stored.</param>
public sealed record ResetIssueResult(ResetIssueOutcome Outcome, PasswordResetToken? Reset, ResetToken? Token, DateTimeOffset? PreviousIssuedAt);

/// <summary>How a request for a reset ended.</summary>
public enum ResetIssueOutcome
{
    /// <summary>A token was issued; those before are no longer accepted.</summary>
    Issued,

    /// <summary>
    /// A token was issued less than <see cref="AccountOptions.ResetInterval"/> ago and can still be used. It stays valid: its mail may be
    /// on the way.
    /// </summary>
    IssuedBefore,

    /// <summary>There is no such user.</summary>
    UserNotFound,
}

/// <summary>The ways into an account, and out of it, that a reset of the password can leave.</summary>
[Flags]
public enum AccountLinks
{
    /// <summary>No link.</summary>
    None = 0,

    /// <summary>The GitHub account that signs in: <c>users.github_id</c>.</summary>
    GitHub = 1,

    /// <summary>The Google account that signs in: <c>users.google_id</c>.</summary>
    Google = 2,

    /// <summary>The GitHub tokens that the platform uses: <c>github_connections</c>.</summary>
    GitHubConnection = 4,
}

/// <summary>What an account is linked with, to ask its owner what is theirs.</summary>
/// <param name="Links">The links that there are.</param>
/// <param name="GitHubId">The account at GitHub that signs in; null when not linked.</param>
/// <param name="GoogleId">The account at Google that signs in; null when not linked.</param>
/// <param name="GitHubUsername">The user of the GitHub tokens; null when there are none, or it is not known.</param>
/// <param name="GitHubConnectedAt">When the GitHub tokens were stored; null when there are none.</param>
public sealed record LinkedAccounts(AccountLinks Links, string? GitHubId, string? GoogleId, string? GitHubUsername, DateTimeOffset? GitHubConnectedAt);
