namespace AutoStack.Data.Accounts;

/// <summary>The table <c>users</c>, for the platform's own work: the accounts of all users.</summary>
public interface IPlatformUserRepository
{
    /// <summary>The largest <c>limit</c> of a list.</summary>
    const int MaxListSize = 100;

    /// <summary>
    /// Finds the account with an address, in any spelling of the mailbox. For a sign-in or a reset use
    /// <see cref="IIdentityRepository.FindCredentialsAsync"/>.
    /// </summary>
    /// <param name="email">The address.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The account; null when no account has the address, or the text is not an address.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken = default);

    /// <summary>Lists all accounts, ordered by id.</summary>
    /// <param name="cursor">
    /// The place to continue from: <see cref="Page{T}.Next"/> of the page before, or <see cref="Cursor.Start"/>.
    /// </param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>A page of accounts.</returns>
    /// <exception cref="ArgumentException"> <paramref name="limit"/> is out of its range, or <paramref name="cursor"/> is from another kind
    /// of list.
    /// </exception>
    Task<Page<User>> ListAsync(Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the accounts that <see cref="IUserRepository.RemoveAsync"/> has closed and whose rows the retention has not removed yet. No
    /// other method finds them.
    /// </summary>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The number of accounts.</returns>
    Task<long> CountClosedAsync(CancellationToken cancellationToken = default);
}
