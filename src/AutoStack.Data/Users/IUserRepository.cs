namespace AutoStack.Data.Users;

/// <summary>The table <c>users</c>.</summary>
public interface IUserRepository
{
    /// <summary>Finds an account.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when there is none.</returns>
    Task<User?> FindAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>Finds the account with an address, whatever its case.</summary>
    /// <param name="email">The address; surrounding space does not count.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The account; null when there is none.</returns>
    /// <exception cref="ArgumentException"><paramref name="email"/> is null or blank.</exception>
    Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken);

    /// <summary>Makes an account. Repeated with the same id and address, it returns the account that is there.</summary>
    /// <param name="user">The account.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The account as stored.</returns>
    /// <exception cref="ArgumentException">A value is missing, blank or too long; the message names it.</exception>
    /// <exception cref="DuplicateException">
    /// The address, the GitHub or the Google account is taken, or the id by an account with another address.
    /// </exception>
    Task<User> AddAsync(NewUser user, CancellationToken cancellationToken);
}
