namespace AutoStack.Data.Users;

/// <summary>The table <c>users</c>.</summary>
public interface IUserRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>Finds an account.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when there is none.</returns>
    Task<User?> FindAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Finds the account with an address, whatever the case of its A to Z; other letters count as they are.</summary>
    /// <param name="email">The address; surrounding space does not count.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when there is none.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken);

    /// <summary>Lists accounts in the order of their ids.</summary>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to go on: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The accounts; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<User>> ListAsync(int limit, Guid afterId, CancellationToken cancellationToken);

    /// <summary>Makes an account. The same request again returns the account that is there, unless it has changed or got a password.</summary>
    /// <param name="user">The account.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The account as stored.</returns>
    /// <exception cref="ArgumentException">A value is missing, blank or too long; the message names it.</exception>
    /// <exception cref="DuplicateException">
    /// The address, the GitHub or the Google account is taken, or the id by an account that this request has not made.
    /// </exception>
    Task<User> AddAsync(NewUser user, CancellationToken cancellationToken);

    /// <summary>Changes an account.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="patch">What to change.</param>
    /// <param name="expectedVersion">The <see cref="User.UpdatedAt"/> that the change was decided on; null to change whatever is there.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it was changed, and the account as it stands now.</returns>
    /// <exception cref="ArgumentException">A value is blank or too long; the message names it.</exception>
    Task<UserUpdate> UpdateProfileAsync(Guid id, UserPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that the address is known to belong to the user. For a proof by somebody who is signed in: password and links stay as they are, and whoever made the
    /// account with somebody else's address knows them. A proof by mail alone is <see cref="IPasswordResetTokenRepository.ConsumeAsync"/>, which ends them.
    /// </summary>
    /// <param name="id">The account.</param>
    /// <param name="email">The address that was verified.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such account, or it has another address by now.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<bool> MarkEmailVerifiedAsync(Guid id, string email, CancellationToken cancellationToken);

    /// <summary>Removes an account with everything that belongs to it: projects, deployments and their logs, sessions, tokens. Webhook payloads stay.</summary>
    /// <param name="id">The account.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is none.</returns>
    Task<bool> RemoveAsync(Guid id, CancellationToken cancellationToken);
}
