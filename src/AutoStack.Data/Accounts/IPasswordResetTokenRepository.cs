namespace AutoStack.Data.Accounts;

/// <summary>The table <c>password_reset_tokens</c>. Only the SHA-256 of a token is stored.</summary>
public interface IPasswordResetTokenRepository
{
    /// <summary>Finds the reset of a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The reset; null when the token is unknown, was used or has expired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<PasswordResetToken?> FindUsableAsync(ResetToken token, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds the links of a token's account without using the token, so that the owner can choose the links to keep: a thief may have added
    /// some.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The links; null when the token is unknown, was used or has expired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<LinkedAccounts?> FindLinksAsync(ResetToken token, CancellationToken cancellationToken = default);

    /// <summary>
    /// Issues a token, unless a usable one was issued less than <see cref="AccountOptions.ResetInterval"/> ago: its mail may be on the way.
    /// Earlier tokens are no longer accepted: a user has one valid token, also after concurrent requests.
    /// </summary>
    /// <param name="userId">The user. Send the mail to <see cref="UserCredentials.Email"/>, never to the address that was typed.</param>
    /// <param name="lifetime">How long the token is valid; above zero, up to a day.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>
    /// The token, or the reset that is on the way. Answer the client alike in every case: a different answer reveals who has an account.
    /// The library's own repetition after a lost answer returns the token that it has issued; a caller's repeated call returns
    /// <see cref="ResetIssueOutcome.IssuedBefore"/> until <see cref="AccountOptions.ResetInterval"/> has passed, since the token that was
    /// lost cannot be read again.
    /// </returns>
    /// <exception cref="ArgumentException">The lifetime is out of its range.</exception>
    Task<ResetIssueResult> IssueAsync(Guid userId, TimeSpan lifetime, CancellationToken cancellationToken = default);

    /// <summary>
    /// Consumes a token, once, and sets the new password with it. All sessions and other tokens of the user end. The address is recorded as
    /// verified, since the token came by mail. Links that <paramref name="keep"/> does not name end: a thief, or whoever registered first,
    /// may have added them.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="password">The hash of the new password.</param>
    /// <param name="keep">
    /// The links that the owner has chosen from <see cref="FindLinksAsync"/>; <see cref="AccountLinks.None"/> ends all.
    /// </param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// The user; null when the token is unknown, was used, replaced or has expired, and nothing was changed. A repeated call with the same
    /// token and the same <see cref="PasswordHash"/> returns the user and changes nothing, while that hash is stored; the password hashed
    /// once more is another hash, and returns null.
    /// </returns>
    /// <exception cref="ArgumentException">An argument is null, or <paramref name="keep"/> is not defined.</exception>
    Task<Guid?> ConsumeAsync(ResetToken token, PasswordHash password, AccountLinks keep, CancellationToken cancellationToken = default);
}
