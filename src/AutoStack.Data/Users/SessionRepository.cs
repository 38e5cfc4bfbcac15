using AutoStack.Data.Internal;
using AutoStack.Data.Security;
using Npgsql;

namespace AutoStack.Data.Users;

internal sealed class SessionRepository(Db db, TimeProvider clock) : ISessionRepository
{
    // Without token, which nobody reads back.
    internal const string Columns = "s.id, s.user_id, s.expires_at, s.created_at, s.family_id, s.rotated_at";

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(3650);

    internal static Session Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        ExpiresAt = row.Time(),
        CreatedAt = row.Time(),
        FamilyId = row.GuidOrNull(),
        RotatedAt = row.TimeOrNull(),
    };

    /// <summary>Ends the sessions of a user.</summary>
    internal static Statement RevokeAll(Guid userId, Guid? exceptSessionId) => new("""
        DELETE FROM sessions s
        WHERE s.user_id = @userId AND s.id <> @except
        """, P.Of(userId), P.Of(exceptSessionId ?? Guid.Empty, "except"));

    /// <summary>Ends the sessions of the user whose reset token was used in this transaction.</summary>
    internal static Statement RevokeAllOfConsumer(ResetToken token, DateTimeOffset now) => new($"""
        DELETE FROM sessions s
        WHERE s.user_id = {PasswordResetTokenRepository.Consumer}
        """, P.Text(token.Hash, name: "hash"), P.Of(now));

    public Task<SessionWithUser?> FindActiveAsync(SessionToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return db.FindAsync(ReadWithUser, $"""
            SELECT {Columns}, {UserRepository.Columns}
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            WHERE s.token = ANY (@tokens) AND s.expires_at > @now AND s.rotated_at IS NULL
            """, [P.Of(token.Stored, "tokens"), P.Of(clock.Now(), "now")], cancellationToken);
    }

    public Task<IReadOnlyList<Session>> ListActiveAsync(Guid userId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM sessions s
            WHERE s.user_id = @userId AND s.expires_at > @now AND s.rotated_at IS NULL
            ORDER BY s.created_at DESC, s.id DESC
            LIMIT @limit
            """, [P.Of(userId), P.Of(clock.Now(), "now"), P.Of(ISessionRepository.MaxListSize, "limit")], cancellationToken);

    public async Task<Session> AddAsync(NewSession session, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(session.Token);
        CheckLifetime(session.Lifetime);
        const string Insert = """
            INSERT INTO sessions AS s (id, user_id, token, expires_at, created_at)
            VALUES (@id, @userId, @token, @expiresAt, @now)
            """;
        var id = session.Id ?? Ids.New();
        var now = clock.Now();

        // No target: the same request at the same moment may be noticed by either unique index. The second statement starts after the commit that
        // the first has waited for.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM sessions s
            WHERE s.id = @id AND s.user_id = @userId
            """, P.Of(id), P.Of(session.UserId));
        return await db.WriteBatchAsync(
                sets => sets.FindAsync(Read), [new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()), stored], Repeat.WhenConnectionIsLost, cancellationToken)
            .ConfigureAwait(false)
            // Somebody else's row is in the way: the plain insert says which rule it breaks.
            ?? (await db.AddAsync(Read, $"{Insert} RETURNING {Columns}", Values(), cancellationToken).ConfigureAwait(false))!;

        NpgsqlParameter[] Values() =>
            [P.Of(id), P.Of(session.UserId), P.Text(session.Token.Hash, name: "token"), P.Of(now + session.Lifetime, "expiresAt"), P.Of(now)];
    }

    public Task<Rotation> RotateAsync(SessionToken presented, SessionToken next, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(presented);
        ArgumentNullException.ThrowIfNull(next);
        CheckLifetime(lifetime);
        var now = clock.Now();
        var tokens = presented.Stored;

        // A token that was stored in clear is stored as its hash from now on. Exchanges of one user go one after the other: the family that a thief's exchange revokes must hold the session that another one is
        // about to make. A statement of its own, so that the next see what was committed before them.
        var @lock = new Statement("""
            SELECT 1
            FROM users u
            WHERE u.id IN (SELECT s.user_id FROM sessions s WHERE s.token = ANY (@tokens))
            FOR NO KEY UPDATE
            """, P.Of(tokens));
        var rotate = new Statement($"""
            WITH gate AS (
                UPDATE sessions g
                SET rotated_at = @now, token = @hash
                WHERE g.token = ANY (@tokens) AND g.rotated_at IS NULL AND g.expires_at > @now
                RETURNING g.user_id, coalesce(g.family_id, g.id) AS family_id
            )
            INSERT INTO sessions AS s (id, user_id, token, expires_at, created_at, family_id)
            SELECT @id, g.user_id, @next, @expiresAt, @now, g.family_id
            FROM gate g
            RETURNING {Columns}
            """,
            P.Of(tokens), P.Text(presented.Hash, name: "hash"), P.Of(now), P.Of(Ids.New(), "id"), P.Text(next.Hash, name: "next"), P.Of(now + lifetime, "expiresAt"));
        var state = new Statement($"""
            SELECT {Columns}, {UserRepository.Columns}
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            WHERE s.token = ANY (@tokens)
            """, P.Of(tokens));
        var revoke = new Statement("""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token = ANY (@tokens) AND s.rotated_at <= @graceStart
              AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
            """, P.Of(tokens), P.Of(now - Rotation.Grace, "graceStart"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var rotated = await sets.FindAsync(Read).ConfigureAwait(false);
                var met = await sets.FindAsync(ReadWithUser).ConfigureAwait(false);
                return rotated is not null ? new Rotation(RotationOutcome.Rotated, new SessionWithUser(rotated, met!.User))
                    : new Rotation(Refusal(met?.Session, now), Next: null);
            },
            [@lock, rotate, state, revoke], Repeat.Never, cancellationToken);
    }

    public async Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return await db.WriteAsync("""
            DELETE FROM sessions s
            WHERE s.token = ANY (@tokens)
            """, [P.Of(token.Stored, "tokens")], cancellationToken).ConfigureAwait(false) > 0;
    }

    public Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken) =>
        db.WriteAsync(RevokeAll(userId, exceptSessionId), cancellationToken);

    public Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken) =>
        db.WriteAsync("""
            DELETE FROM sessions s
            WHERE s.id = ANY (ARRAY(
                SELECT e.id
                FROM sessions e
                WHERE e.expires_at <= @now
                ORDER BY e.expires_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """, [P.Of(clock.Now(), "now"), P.Of(Limit.Check(limit, ISessionRepository.MaxListSize), nameof(limit))], cancellationToken);

    private static SessionWithUser ReadWithUser(RowReader row) => new(Read(row), UserRepository.Read(row));

    private static RotationOutcome Refusal(Session? session, DateTimeOffset now) => session switch
    {
        null => RotationOutcome.Unknown,
        { RotatedAt: { } rotatedAt } => rotatedAt > now - Rotation.Grace ? RotationOutcome.RotatedByAnother : RotationOutcome.Reused,
        _ => RotationOutcome.Expired,
    };

    private static void CheckLifetime(TimeSpan lifetime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
    }
}
