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

    /// <summary>Makes a session. Repeated with the same id and user, it returns the session that is there.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The session as stored.</returns>
    /// <exception cref="ArgumentException">The token is missing, or the lifetime out of its range.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The token is taken, or the id belongs to a session of somebody else.</exception>
    Task<Session> AddAsync(NewSession session, CancellationToken cancellationToken);

    /// <summary>Exchanges a token for the next one. Of two exchanges of one token at once, one wins.</summary>
    /// <param name="presented">The token that the client has.</param>
    /// <param name="next">The token that it shall get.</param>
    /// <param name="lifetime">How long the next one is accepted; above zero, up to ten years.</param>
    /// <param name="cancellationToken">Stops the exchange.</param>
    /// <returns>Whether the next token is valid, and if not, why.</returns>
    /// <exception cref="ArgumentException">A token is null, or the lifetime out of its range.</exception>
    Task<Rotation> RotateAsync(SessionToken presented, SessionToken next, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Ends a session: the user signs out.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is no such session.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken);

    /// <summary>Ends the sessions of a user.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="exceptSessionId">A session that goes on, of this user; null for none.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of sessions that ended, rotated ones included.</returns>
    Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken);

    /// <summary>Removes sessions that have expired, the longest expired first.</summary>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another purge is removing are passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken);
}
