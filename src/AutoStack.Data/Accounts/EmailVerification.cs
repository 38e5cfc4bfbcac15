namespace AutoStack.Data.Accounts;

/// <summary>A proof of an e-mail address that was asked for by mail. The token is not part of it.</summary>
public sealed record EmailVerification
{
    /// <summary>The usual lifetime of a token: 1 day.</summary>
    public static TimeSpan DefaultLifetime { get; } = TimeSpan.FromDays(1);

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The user.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Whether the account's own address is verified, or the account gets another one.</summary>
    public required EmailPurpose Purpose { get; init; }

    /// <summary>The address that the token proves. Send the token to this address, and to no other.</summary>
    public required string Email { get; init; }

    /// <summary>
    /// The account's address when the token was issued. For a change it is the old address: notify it of the request and of the change.
    /// </summary>
    public required string PreviousEmail { get; init; }

    /// <summary>When the token expires.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the token was used; null when it was not.</summary>
    public required DateTimeOffset? UsedAt { get; init; }

    /// <summary>When a newer token, another password or another address ended the token; null when none of them did.</summary>
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>When the token was issued.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A change of an account's e-mail address.</summary>
public sealed record EmailChange
{
    /// <summary>The new address, of one mailbox, up to 254 bytes.</summary>
    public required string Email { get; init; }

    /// <summary>
    /// When the user signed in: <see cref="Session.SignedInAt"/>, under the conditions of <see cref="ProviderLink.SignedInAt"/>. Whoever
    /// receives mail at the address of an account can set its password.
    /// </summary>
    public required DateTimeOffset SignedInAt { get; init; }

    /// <summary>How long the token is valid; above zero, up to a week. Default 1 day.</summary>
    public TimeSpan Lifetime { get; init; } = EmailVerification.DefaultLifetime;
}

/// <summary>The result of issuing a token that proves an e-mail address.</summary>
/// <param name="Outcome">Whether a token was issued, and if not, why.</param>
/// <param name="Verification">The proof that was asked for, now or shortly before; null with every other outcome.</param>
/// <param name="Token">
/// The token, for a mail to <see cref="EmailVerification.Email"/>; it cannot be read again. Null unless the outcome is
/// <see cref="EmailIssueOutcome.Issued"/>.
/// </param>
public sealed record EmailIssueResult(EmailIssueOutcome Outcome, EmailVerification? Verification, EmailToken? Token);

/// <summary>How issuing a token that proves an e-mail address ended.</summary>
public enum EmailIssueOutcome
{
    /// <summary>A token was issued; earlier ones of the user for the same purpose are no longer accepted.</summary>
    Issued,

    /// <summary>
    /// A usable token for the same purpose was issued less than <see cref="AccountOptions.ResetInterval"/> ago. It stays valid: its mail
    /// may be on the way.
    /// </summary>
    IssuedBefore,

    /// <summary>The account's address is verified already, or the new address is the one that the account has.</summary>
    NothingToDo,

    /// <summary>
    /// The sign-in is older than <see cref="AccountOptions.FreshSignIn"/>, lies in the future, or has ended. Let the user sign in again.
    /// </summary>
    SignInTooOld,

    /// <summary>The user does not exist.</summary>
    UserNotFound,
}

/// <summary>The result of <see cref="IEmailVerificationTokenRepository.RedeemAsync"/>.</summary>
/// <param name="Outcome">Whether the address was recorded, and if not, why.</param>
/// <param name="Verification">The proof, with the new and the old address; null when the user has no such token.</param>
public sealed record EmailRedeemResult(EmailRedeemOutcome Outcome, EmailVerification? Verification);

/// <summary>How <see cref="IEmailVerificationTokenRepository.RedeemAsync"/> ended.</summary>
public enum EmailRedeemOutcome
{
    /// <summary>The account has the address of the token, and the address is recorded as verified.</summary>
    Redeemed,

    /// <summary>The user has no such token: it was removed, or belongs to another user.</summary>
    Unknown,

    /// <summary>The token was used before. <see cref="EmailVerification.UsedAt"/> is the time.</summary>
    AlreadyUsed,

    /// <summary>A newer token or another password has ended the token.</summary>
    Superseded,

    /// <summary>The token has expired.</summary>
    Expired,

    /// <summary>The account has another address than at the time of the request, so that the token proves nothing for it.</summary>
    AddressChanged,

    /// <summary>Another account has the new address by now.</summary>
    EmailTaken,

    /// <summary>The user does not exist.</summary>
    UserNotFound,
}
