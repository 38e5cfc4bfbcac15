namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>github_connections</c>: a user's GitHub tokens. Tokens are stored encrypted with
/// <see cref="AutoStackDataOptions.SecretKeys"/>, bound to the user and to a version. Tokens that the Python services stored in clear are
/// readable, and the next write encrypts them; the Python services cannot read them afterwards.
/// </summary>
public interface IGitHubConnectionRepository
{
    /// <summary>Finds a user's connection.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The connection; null when the user has none.</returns>
    Task<GitHubConnection?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>Finds a user's tokens.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The tokens; null when the user has none.</returns>
    /// <exception cref="SecretUnreadableException">
    /// A value's key is not configured; or a value was changed, moved or restored; or a value has a form that
    /// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> refuses.
    /// </exception>
    Task<GitHubTokens?> FindTokensAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Connects a user with GitHub: stores all tokens at once, and replaces those of an earlier connection. The library's own repetition
    /// after a lost answer keeps tokens that were refreshed since; a caller's repeated call is a new connection and replaces them.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>The connection as stored.</returns>
    /// <exception cref="ArgumentException">A value is missing or too long; the message names the value.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    /// <exception cref="ConflictException">Concurrent changes kept removing the connection.</exception>
    Task<GitHubConnection> ConnectAsync(Guid userId, GitHubTokens tokens, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores refreshed tokens, unless other tokens were stored since the connection was read: of two refreshes at once, one is stored.
    /// </summary>
    /// <param name="connection">The connection as it was read before the refresh.</param>
    /// <param name="tokens">The refreshed tokens.</param>
    /// <param name="cancellationToken">Cancels the update.</param>
    /// <returns>
    /// Whether the tokens are stored, and the connection as it is stored now. A repeated call that finds its own tokens stored returns
    /// <see cref="UpdateOutcome.Updated"/>.
    /// </returns>
    /// <exception cref="ArgumentException">A value is missing or too long; the message names the value.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<GitHubRefreshResult> RefreshAsync(GitHubConnection connection, GitHubTokens tokens, CancellationToken cancellationToken = default);

    /// <summary>
    /// Removes a user's connection. The GitHub account stays linked; <see cref="IIdentityRepository.UnlinkAsync"/> ends the link.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the delete.</param>
    /// <returns>False when the user has no connection; so answers a repeated call.</returns>
    Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken = default);
}
