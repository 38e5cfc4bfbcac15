namespace AutoStack.Data.Accounts;

/// <summary>The table <c>users</c>.</summary>
public interface IUserRepository
{
    /// <summary>Finds an account.</summary>
    /// <param name="userId">Its id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when there is none.</returns>
    Task<User?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes an account. The same request again returns the account that is there, unless it has changed or got a password.
    /// </summary>
    /// <param name="user">The account.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The account as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, or the address is not that of one mailbox; the message names it.
    /// </exception>
    /// <exception cref="DuplicateException"> The address, the GitHub or the Google account is taken, or the id by an account that this
    /// request has not made.
    /// </exception>
    Task<User> AddAsync(NewUser user, CancellationToken cancellationToken = default);

    /// <summary>Changes an account.</summary>
    /// <param name="userId">Its id.</param>
    /// <param name="patch">What to change.</param>
    /// <param name="expectedVersion">
    /// The <see cref="User.UpdatedAt"/> that the change was decided on; null to change whatever is there.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it was changed, and the account as it stands now.</returns>
    /// <exception cref="ArgumentException">A value is blank or too long; the message names it.</exception>
    Task<UserUpdateResult> UpdateProfileAsync(Guid userId, UserPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the address belongs to the user. For a proof by a user who is signed in: password and links stay as they are, and
    /// whoever made the account with somebody else's address knows them. A proof by mail alone is
    /// <see cref="IPasswordResetTokenRepository.ConsumeAsync"/>, which ends them.
    /// </summary>
    /// <param name="userId">The account.</param>
    /// <param name="email">The address that was verified.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such account, or it has another address by now.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<bool> MarkEmailVerifiedAsync(Guid userId, string email, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes an account with everything that belongs to it: projects, deployments and their logs, sessions, tokens. Webhook payloads
    /// stay.
    /// </summary>
    /// <param name="userId">The account.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is none.</returns>
    Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken = default);
}
