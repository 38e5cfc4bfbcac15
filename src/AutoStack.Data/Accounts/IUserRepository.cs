namespace AutoStack.Data.Accounts;

/// <summary>The table <c>users</c>: one user's own account.</summary>
public interface IUserRepository
{
    /// <summary>Finds an account.</summary>
    /// <param name="userId">The account's id.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The account; null when it does not exist.</returns>
    Task<User?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds an account. A repeated request returns the stored account, unless that account has changed or has a password by now.
    /// </summary>
    /// <param name="user">The account.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>The account as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, or the address does not name one mailbox; the message names the value.
    /// </exception>
    /// <exception cref="DuplicateException">
    /// The address, the GitHub account or the Google account belongs to another account, or the id belongs to an account that this request
    /// has not added.
    /// </exception>
    Task<User> AddAsync(NewUser user, CancellationToken cancellationToken = default);

    /// <summary>Changes an account.</summary>
    /// <param name="userId">The account's id.</param>
    /// <param name="patch">The values to change.</param>
    /// <param name="expectedVersion">
    /// The <see cref="User.UpdatedAt"/> that the change is based on; null changes the account whatever its version.
    /// </param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the account was changed, and the account as it is stored now. An account that holds every value of the patch is
    /// <see cref="UpdateOutcome.Updated"/> without a new version, so that a repeated call returns the first call's answer.
    /// </returns>
    /// <exception cref="ArgumentException">A value is blank or too long; the message names the value.</exception>
    Task<UserUpdateResult> UpdateAsync(
        Guid userId, UserPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that a signed-in user has proved their address. Password and links stay: whoever created the account with another person's
    /// address keeps them. A proof by mail alone is <see cref="IPasswordResetTokenRepository.ConsumeAsync"/>, which ends them.
    /// </summary>
    /// <param name="userId">The account.</param>
    /// <param name="email">The address that was proved, in any spelling of the mailbox.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the address is recorded as verified, and if not, why. A repeated call returns the same and changes nothing.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<EmailVerificationOutcome> VerifyEmailAsync(Guid userId, string email, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes an account. The call closes it, in one short transaction: its sessions, links and resets end, its running deployments are
    /// cancelled, no worker claims the others, its address is free, and no method finds it. The retention then removes its projects,
    /// deployments and logs in batches, and the row of the account at last. Webhook payloads stay.
    /// </summary>
    /// <remarks>
    /// A request that names the id of the account without asking for the user or the session may find its projects and deployments until
    /// they are removed. Rows that are still added for the account are removed with the others, and no session can be added.
    /// </remarks>
    /// <param name="userId">The account.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>False when the account does not exist or is closed; so answers a repeated call.</returns>
    Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken = default);
}
