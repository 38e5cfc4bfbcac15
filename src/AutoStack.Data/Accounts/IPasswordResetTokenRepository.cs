namespace AutoStack.Data.Accounts;

/// <summary>The table <c>password_reset_tokens</c>. Only the SHA-256 of a token is stored.</summary>
public interface IPasswordResetTokenRepository
{
    /// <summary>Finds the reset of a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The reset; null when the token is unknown, was used or has expired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<PasswordResetToken?> FindUsableAsync(ResetToken token, CancellationToken cancellationToken = default);

    /// <summary>Finds what the account of a token is linked with, without using the token: what a thief has linked is among it.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The links; null when the token is unknown, was used or has expired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<LinkedAccounts?> FindLinksAsync(ResetToken token, CancellationToken cancellationToken = default);

    /// <summary>
    /// Issues a token, unless one that can be used was issued less than <see cref="AccountOptions.ResetInterval"/> ago: its mail may be on
    /// the way. Those
    /// issued before are no longer accepted: one is valid at a time, also when two are issued at once.
    /// </summary>
    /// <param name="userId">The user. Send the mail to <see cref="UserCredentials.Email"/>, never to the address that was typed.</param>
    /// <param name="lifetime">How long the token is accepted; above zero, up to a day.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The token, or the state of the one before. Answer the client alike in each case, or it learns who has an account.</returns>
    /// <exception cref="ArgumentException">The lifetime is out of its range.</exception>
    Task<ResetIssueResult> IssueAsync(Guid userId, TimeSpan lifetime, CancellationToken cancellationToken = default);

    /// <summary>
    /// Uses a token: once, together with the new password. All sessions and other tokens of the user end, the address is verified, since
    /// the token came by
    /// mail, and links end that are not kept: a thief, or whoever registered first, may have made them.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="password">The hash of the new password.</param>
    /// <param name="keep">The links that the owner has chosen from <see cref="FindLinksAsync"/>; <see cref="AccountLinks.None"/> ends
    /// all.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The user; null when the token is unknown, was used or has expired.</returns>
    /// <exception cref="ArgumentException">An argument is null, or <paramref name="keep"/> is not defined.</exception>
    Task<Guid?> ConsumeAsync(ResetToken token, PasswordHash password, AccountLinks keep, CancellationToken cancellationToken = default);
}
