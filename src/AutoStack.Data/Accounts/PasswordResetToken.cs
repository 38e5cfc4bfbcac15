namespace AutoStack.Data.Accounts;

/// <summary>A password reset. The token is not part of it.</summary>
public sealed record PasswordResetToken
{
    /// <summary>The usual lifetime of a token: 1 hour.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromHours(1);

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>When the token expires.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the token was used, or replaced by a newer one; null while it is usable.</summary>
    public required DateTimeOffset? UsedAt { get; init; }

    /// <summary>When the token was issued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The result of <see cref="IPasswordResetTokenRepository.IssueAsync"/>.</summary>
/// <param name="Outcome">Whether a token was issued, and if not, why.</param>
/// <param name="Reset">The reset that was issued, or that is on the way; null when the user does not exist.</param>
/// <param name="Token">
/// The token, for the user's mail; it cannot be read again. Null unless the outcome is <see cref="ResetIssueOutcome.Issued"/>.
/// </param>
/// <param name="PreviousIssuedAt">
/// When the user's reset before this request was issued, used or not; null when none is stored.
/// </param>
public sealed record ResetIssueResult(
    ResetIssueOutcome Outcome, PasswordResetToken? Reset, ResetToken? Token, DateTimeOffset? PreviousIssuedAt);

/// <summary>How <see cref="IPasswordResetTokenRepository.IssueAsync"/> ended.</summary>
public enum ResetIssueOutcome
{
    /// <summary>A token was issued; earlier ones are no longer accepted.</summary>
    Issued,

    /// <summary>
    /// A usable token was issued less than <see cref="AccountOptions.ResetInterval"/> ago. It stays valid: its mail may be on the way.
    /// </summary>
    IssuedBefore,

    /// <summary>The user does not exist.</summary>
    UserNotFound,
}
