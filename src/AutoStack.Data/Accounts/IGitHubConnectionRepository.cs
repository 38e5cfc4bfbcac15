namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>github_connections</c>: a user's connection. Tokens are stored encrypted (<see cref="AutoStackDataOptions.SecretKeys"/>),
/// bound to the user and to a version. Tokens that the Python services stored in clear are read, and encrypted at the next write; those
/// services cannot read them afterwards.
/// </summary>
public interface IGitHubConnectionRepository
{
    /// <summary>Finds a user's connection.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The connection; null when there is none.</returns>
    Task<GitHubConnection?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>Finds a user's tokens.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The tokens; null when there are none.</returns>
    /// <exception cref="SecretUnreadableException">
    /// A value's key is not configured; or a value was changed, moved or restored; or it is in a form that
    /// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> refuses.
    /// </exception>
    Task<GitHubTokens?> FindTokensAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a user's tokens, all of them at once, whether or not there are any. Not repeated when its answer is lost: newer ones may be
    /// there by then.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The connection as stored.</returns>
    /// <exception cref="ArgumentException">A value is missing or too long; the message names it.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    Task<GitHubConnection> SetAsync(Guid userId, GitHubTokens tokens, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores refreshed tokens, unless others were stored since the connection was read: of two refreshes at once one wins.
    /// </summary>
    /// <param name="connection">The connection as it was read before the refresh.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The connection as stored; null when it changed meanwhile, or is gone.</returns>
    /// <exception cref="ArgumentException">A value is missing or too long; the message names it.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<GitHubConnection?> RefreshAsync(GitHubConnection connection, GitHubTokens tokens, CancellationToken cancellationToken = default);

    /// <summary>Removes a user's connection. The account stays linked; <see cref="IIdentityRepository.UnlinkAsync"/> ends that.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there was none.</returns>
    Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken = default);
}
