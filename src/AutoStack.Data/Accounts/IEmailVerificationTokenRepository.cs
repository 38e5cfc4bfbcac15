namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>email_verification_tokens</c>: proofs of the e-mail address that an account has, or gets. Only the SHA-256 of a token is
/// stored.
/// </summary>
public interface IEmailVerificationTokenRepository
{
    /// <summary>The longest lifetime of a token, in days.</summary>
    const int MaxLifetimeDays = 7;

    /// <summary>
    /// Issues a token that verifies the address of the account, unless a usable one was issued less than
    /// <see cref="AccountOptions.ResetInterval"/> ago. Earlier tokens of this kind are no longer accepted.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="lifetime">How long the token is valid; above zero, up to <see cref="MaxLifetimeDays"/>.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>
    /// The token, for a mail to <see cref="EmailVerification.Email"/>, or why none was issued. The library's own repetition after a lost
    /// answer returns the token that it has issued; a caller's repeated call returns <see cref="EmailIssueOutcome.IssuedBefore"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The lifetime is out of its range.</exception>
    Task<EmailIssueResult> IssueAsync(Guid userId, TimeSpan lifetime, CancellationToken cancellationToken = default);

    /// <summary>
    /// Issues a token with which the account gets another address. Until it is redeemed, the account keeps its address. Earlier tokens of
    /// this kind are no longer accepted, and one is issued per <see cref="AccountOptions.ResetInterval"/>, whatever the address.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="change">The new address, and the sign-in that allows the change.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>
    /// The token, for a mail to <see cref="EmailVerification.Email"/>, or why none was issued. Whether another account has the new address
    /// is not part of the answer: only who has the mailbox learns that, from <see cref="RedeemAsync"/>. Repetitions are answered as by
    /// <see cref="IssueAsync"/>.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="change"/> is null, its lifetime is out of its range, or its address does not name one mailbox; the message names the
    /// value.
    /// </exception>
    Task<EmailIssueResult> IssueChangeAsync(Guid userId, EmailChange change, CancellationToken cancellationToken = default);

    /// <summary>
    /// Uses a token, once: the account has the token's address from then on, recorded as verified. When the address changes, the user's
    /// other sessions, all reset tokens and all other tokens of this table end, which whoever reads the old mailbox may have. Password and
    /// links stay.
    /// </summary>
    /// <param name="userId">
    /// The user who is signed in. A token alone is not enough: it may have reached a stranger, by a mistyped address, or by somebody who
    /// has registered with another person's address.
    /// </param>
    /// <param name="token">The token.</param>
    /// <param name="exceptSessionId">
    /// A session to keep, together with every session from the same sign-in. Null ends all sessions, when the address changes.
    /// </param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the address is recorded, and if not, why; then nothing was changed. A caller's repeated call returns
    /// <see cref="EmailRedeemOutcome.AlreadyUsed"/>.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    /// <exception cref="DuplicateException">
    /// In a unit of work: another account got the address at the same moment. Elsewhere this is
    /// <see cref="EmailRedeemOutcome.EmailTaken"/>.
    /// </exception>
    Task<EmailRedeemResult> RedeemAsync(
        Guid userId, EmailToken token, Guid? exceptSessionId, CancellationToken cancellationToken = default);
}
