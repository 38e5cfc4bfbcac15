using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

/// <summary>The table <c>sessions</c>. Only the SHA-256 of a token is stored; tokens that the Python services stored in clear are accepted until they are rotated.</summary>
public interface ISessionRepository
{
    /// <summary>The most rows that a list returns or a purge removes at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>Finds the session of a token, with its user.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The session; null when there is none, or it has expired or been rotated.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<SessionWithUser?> FindActiveAsync(SessionToken token, CancellationToken cancellationToken);

    /// <summary>Lists the sessions in which a user is signed in, the newest first.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The sessions, up to <see cref="MaxListSize"/>.</returns>
    Task<IReadOnlyList<Session>> ListActiveAsync(Guid userId, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a session, for somebody whom a provider or a registration vouches for; after a password, <see cref="AddVerifiedAsync"/>. Repeated with the same id,
    /// user and token, it returns the session that is there.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The session as stored.</returns>
    /// <exception cref="ArgumentException">The token is missing, or the lifetime out of its range.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The token is taken, or the id belongs to a session of somebody else or with another token.</exception>
    Task<Session> AddAsync(NewSession session, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a session for somebody whose password was just verified, unless it was changed since: checking a password takes time, in which a reset may come.
    /// Repeated with the same id, user and token, it returns the session that is there.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="verified">The stored hash that the password was verified against: <see cref="UserCredentials.Password"/>.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The session as stored; null when the user has another hash by now, or is gone: read the credentials and check the password again.</returns>
    /// <exception cref="ArgumentException">The token or the hash is missing, or the lifetime out of its range.</exception>
    /// <exception cref="DuplicateException">The token is taken, or the id belongs to a session of somebody else or with another token.</exception>
    Task<Session?> AddVerifiedAsync(NewSession session, PasswordHash verified, CancellationToken cancellationToken);

    /// <summary>
    /// Exchanges a token for the next one. Of two exchanges of one token at once, one wins. A session that is exchanged in time goes on for ever: what came out
    /// of one sign-in has no age of its own, and a row stays for each of its exchanges. Exchange when a good part of the lifetime is over, not with each request.
    /// </summary>
    /// <param name="presented">The token that the client has.</param>
    /// <param name="next">The token that it shall get; a new one for each request. Repeated with the same two, the answer is the same while the next is in use.</param>
    /// <param name="lifetime">How long the next one is accepted; above zero, up to ten years.</param>
    /// <param name="cancellationToken">Stops the exchange.</param>
    /// <returns>Whether the next token is valid, and if not, why.</returns>
    /// <exception cref="ArgumentException">A token is null, or the lifetime out of its range.</exception>
    Task<Rotation> RotateAsync(SessionToken presented, SessionToken next, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Ends a session, with all that came out of the same sign-in: the user signs out.</summary>
    /// <param name="token">The token, also one that was exchanged before.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is no such session.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken);

    /// <summary>Ends the sessions of a user, also those that are being made.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="exceptSessionId">A session that goes on, of this user, with all that came out of the same sign-in: it may be exchanged at this moment. Null for none.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of sessions that ended, rotated ones included.</returns>
    Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken);

    /// <summary>
    /// Removes sessions that have expired, the longest expired first. One that was exchanged stays while one of the same sign-in is accepted: its token, used
    /// again, still tells of a theft.
    /// </summary>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another purge is removing are passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken);
}
