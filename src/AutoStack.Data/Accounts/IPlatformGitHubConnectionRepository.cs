namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>github_connections</c>, for the platform's own work. It lists the connections of every user, without their tokens.
/// </summary>
public interface IPlatformGitHubConnectionRepository
{
    /// <summary>The largest <c>limit</c> of a list.</summary>
    const int MaxListSize = 1000;

    /// <summary>
    /// Lists connections whose access token expires soon and can be refreshed, ordered by expiry. Refresh each one with
    /// <see cref="IGitHubConnectionRepository.RefreshAsync"/>.
    /// </summary>
    /// <param name="before">The latest expiry, exclusive.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">
    /// Where to continue: expiry and id of the last row seen, refreshed or not, or <see cref="GitHubConnectionCursor.Start"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The connections; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<GitHubConnection>> ListExpiringAsync(
        DateTimeOffset before, int limit, GitHubConnectionCursor after, CancellationToken cancellationToken = default);
}
