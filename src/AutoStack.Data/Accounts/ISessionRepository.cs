
namespace AutoStack.Data.Accounts;

/// <summary>
/// The table <c>sessions</c>. Only the SHA-256 of a token is stored. Tokens that the Python services stored in clear are accepted while
/// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> is true, and stored as their hash by their next exchange or by
/// <c>ISecretRotation</c>.
/// </summary>
public interface ISessionRepository
{
    /// <summary>The maximum number of rows that a list returns at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>Finds the session of a token, with its user.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The session; null when there is none, or it has expired or been rotated.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<SessionWithUser?> FindActiveAsync(SessionToken token, CancellationToken cancellationToken = default);

    /// <summary>Lists the sessions in which a user is signed in, the newest first.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The sessions, up to <see cref="MaxListSize"/>.</returns>
    Task<IReadOnlyList<Session>> ListActiveAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes a session and its token, for a user whom a provider, a reset or a registration vouches for; after a password, <see
    /// cref="AddVerifiedAsync"/>. Beyond
    /// <see cref="AccountOptions.MaxSignIns"/> it ends the sign-in that was longest not exchanged.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The session as stored, and its token.</returns>
    /// <exception cref="ArgumentException">The session is null, or its lifetime out of its range.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The id is taken, and this is not a repeated request of the client that has taken
    /// it.</exception>
    Task<IssuedSession> AddAsync(NewSession session, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes a session and its token for a user whose password was just verified, unless it was changed since: checking a password takes
    /// time, in which a reset
    /// may come.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="verified">The stored hash that the password was verified against: <see cref="UserCredentials.Password"/>.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The session as stored, and its token; null when the user has another hash by now, or is gone: read the credentials and
    /// check the password again.</returns>
    /// <exception cref="ArgumentException">The session or the hash is null, or the lifetime out of its range.</exception>
    /// <exception cref="DuplicateException">The id is taken, and this is not a repeated request of the client that has taken
    /// it.</exception>
    Task<IssuedSession?> AddVerifiedAsync(NewSession session, PasswordHash verified, CancellationToken cancellationToken = default);

    /// <summary>
    /// Exchanges a token for the next one. Of several exchanges of one token at once, one is made. With the client's key the others get the
    /// token that is valid now, as does a client whose answer was lost and which presents the token again within
    /// <see cref="RotationResult.Grace"/>; without it they are told <see cref="RotationOutcome.RotatedByAnother"/>. A row stays for each
    /// exchange: exchange when a good part of the lifetime is over, not with each request.
    /// </summary>
    /// <param name="presented">The token that the client has.</param>
    /// <param name="client"> The key that the client presents: the one of its sign-in, else <see cref="RotationOutcome.WrongClient"/>. A
    /// session without a client is bound to the first key that exchanges it. Null when the client presents none.
    /// </param>
    /// <param name="lifetime">
    /// How long the next token is accepted; above zero, up to ten years. <see cref="AccountOptions.MaxSignInAge"/> shortens it.
    /// </param>
    /// <param name="cancellationToken">Stops the exchange.</param>
    /// <returns>The next token, or why there is none.</returns>
    /// <exception cref="ArgumentException">The presented token is null, or the lifetime out of its range.</exception>
    Task<RotationResult> RotateAsync(SessionToken presented, ClientKey? client, TimeSpan lifetime, CancellationToken cancellationToken = default);

    /// <summary>Ends a session, with all that came out of the same sign-in: the user signs out.</summary>
    /// <param name="token">The token, also one that was exchanged before.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is no such session.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken = default);

    /// <summary>Ends the sessions of a user, also those that are being made.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="exceptSessionId">A session to keep, together with every session of the same sign-in (it may be exchanged at this
    /// moment). Null ends all sessions.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of sessions that ended, rotated ones included.</returns>
    Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken = default);
}
