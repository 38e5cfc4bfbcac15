namespace AutoStack.Data.Accounts;

/// <summary>The table <c>users</c>, for the platform's own work.</summary>
public interface IPlatformUserRepository
{
    /// <summary>The maximum number of rows that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>Finds the account with an address, in any spelling of the same mailbox. For a sign-in or a reset, <see
    /// cref="IIdentityRepository.FindCredentialsAsync"/>.</summary>
    /// <param name="email">The address.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when no account has the address, or it is not one.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken = default);

    /// <summary>Lists accounts in the order of their ids.</summary>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to continue: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The accounts; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<User>> ListAsync(int limit, Guid afterId, CancellationToken cancellationToken = default);
}
