namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>github_connections</c>, for the platform's own work: the connections of all users, without their tokens.
/// </summary>
public interface IPlatformGitHubConnectionRepository
{
    /// <summary>The largest <c>limit</c> of a list.</summary>
    const int MaxListSize = 1000;

    /// <summary>
    /// Lists connections whose access token expires soon and can be refreshed, ordered by expiry. Refresh each one with
    /// <see cref="IGitHubConnectionRepository.RefreshAsync"/>; the list continues after a row whether or not it was refreshed.
    /// </summary>
    /// <param name="before">The latest expiry, exclusive.</param>
    /// <param name="cursor">
    /// The place to continue from: <see cref="Page{T}.Next"/> of the page before, or <see cref="Cursor.Start"/>.
    /// </param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>A page of connections.</returns>
    /// <exception cref="ArgumentException"> <paramref name="limit"/> is out of its range, or <paramref name="cursor"/> is from another kind
    /// of list.
    /// </exception>
    Task<Page<GitHubConnection>> ListExpiringAsync(
        DateTimeOffset before, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}
