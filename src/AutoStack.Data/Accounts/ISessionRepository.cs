namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>sessions</c>. Only the SHA-256 of a token is stored. Tokens that the Python services stored in clear are accepted while
/// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> is true; their next rotation, or <c>ISecretRotation</c>, replaces them by their
/// hash.
/// </summary>
public interface ISessionRepository
{
    /// <summary>The maximum number of rows of a list.</summary>
    const int MaxListSize = 1000;

    /// <summary>Finds the session of a token, with its user.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The session; null when no session has the token, or the session has expired, or the token was rotated.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<SessionWithUser?> FindActiveAsync(SessionToken token, CancellationToken cancellationToken = default);

    /// <summary>Lists the active sessions of a user, newest first.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The sessions, up to <see cref="MaxListSize"/>.</returns>
    Task<IReadOnlyList<Session>> ListActiveAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a session for a user whom a provider, a reset or a registration has proved; after a password check use
    /// <see cref="AddVerifiedAsync"/>. Beyond <see cref="AccountOptions.MaxSignIns"/> the sign-in whose last rotation is the oldest ends.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>The session as stored, and its token.</returns>
    /// <exception cref="ArgumentException">The session is null, an id is the empty one, or the lifetime is out of its range.</exception>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    /// <exception cref="DuplicateException">
    /// The id is taken, and this call does not repeat the request that took it, from the same client.
    /// </exception>
    Task<IssuedSession> AddAsync(NewSession session, CancellationToken cancellationToken = default);

    /// <summary>
    /// Adds a session for a user whose password was just verified, unless the password was changed since: a reset may come while the
    /// password is checked.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="verified">The stored hash that the password was verified against: <see cref="UserCredentials.Password"/>.</param>
    /// <param name="cancellationToken">Cancels the insert.</param>
    /// <returns>The session as stored, and its token; or that the password was changed.</returns>
    /// <exception cref="ArgumentException">
    /// The session or the hash is null, an id is the empty one, or the lifetime is out of its range.
    /// </exception>
    /// <exception cref="DuplicateException">
    /// The id is taken, and this call does not repeat the request that took it, from the same client.
    /// </exception>
    Task<SessionIssueResult> AddVerifiedAsync(NewSession session, PasswordHash verified, CancellationToken cancellationToken = default);

    /// <summary>
    /// Rotates a token: exchanges it for the next one. Of several concurrent rotations of one token, one creates the next token. With the
    /// client's key the other calls return the token that is valid now, and so does a repeated call within
    /// <see cref="RotationResult.Grace"/> whose first answer was lost; without the key they return
    /// <see cref="RotationOutcome.RotatedByAnother"/>. The call can be repeated at any time with the same object, with or without a client
    /// key. Every rotation leaves a row: rotate late in the lifetime, not with each request.
    /// </summary>
    /// <param name="request">The rotation.</param>
    /// <param name="cancellationToken">Cancels the rotation.</param>
    /// <returns>
    /// The next token, or why the token was not rotated. A repeated call returns the first call's token while that token is active.
    /// </returns>
    /// <exception cref="ArgumentException">The request or its token is null, or its lifetime is out of its range.</exception>
    Task<RotationResult> RotateAsync(RotationRequest request, CancellationToken cancellationToken = default);

    /// <summary>Revokes a session and every session from the same sign-in: the user signs out.</summary>
    /// <param name="token">The token; it may have been rotated before.</param>
    /// <param name="cancellationToken">Cancels the delete.</param>
    /// <returns>False when no session has the token; so answers a repeated call.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken = default);

    /// <summary>Revokes all sessions of a user, including those that are being added concurrently.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="exceptSessionId">
    /// A session to keep, together with every session from the same sign-in (it may be rotating concurrently). Null ends all sessions.
    /// </param>
    /// <param name="cancellationToken">Cancels the delete.</param>
    /// <returns>
    /// The number of sessions that ended, including rotated ones; without those that a call whose answer was lost has ended.
    /// </returns>
    Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken = default);
}
