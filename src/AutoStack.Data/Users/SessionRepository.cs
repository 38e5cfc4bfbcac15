using AutoStack.Data.Internal;
using AutoStack.Data.Security;
using Npgsql;

namespace AutoStack.Data.Users;

internal sealed class SessionRepository(Db db, TimeProvider clock) : ISessionRepository
{
    // Without token, which nobody reads back.
    internal const string Columns = "s.id, s.user_id, s.expires_at, s.created_at, s.family_id, s.rotated_at";

    /// <summary>
    /// What a purge removes, as <c>e</c>: what has expired by <c>@now</c>, and of rotated sessions those of families that have. While one of a family is
    /// accepted, the token of every earlier one must be known as used.
    /// </summary>
    internal const string Purgeable = """
        e.expires_at <= @now AND (e.rotated_at IS NULL OR NOT EXISTS (
            SELECT FROM sessions f
            WHERE f.user_id = e.user_id AND coalesce(f.family_id, f.id) = coalesce(e.family_id, e.id) AND f.expires_at > @now))
        """;

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

    /// <summary>Ends the sessions of a user, and answers with their ids. The one that goes on may be rotated at this moment: its whole family stays.</summary>
    internal static Statement RevokeAll(Guid userId, Guid? exceptSessionId) => new("""
        DELETE FROM sessions s
        WHERE s.user_id = @userId
          AND coalesce(s.family_id, s.id) IS DISTINCT FROM (
            SELECT coalesce(k.family_id, k.id) FROM sessions k WHERE k.id = @except)
        RETURNING s.id
        """, P.Of(userId), P.Of(exceptSessionId, "except"));

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

    public async Task<Session> AddAsync(NewSession session, CancellationToken cancellationToken) =>
        (await AddAsync(session, verified: null, cancellationToken).ConfigureAwait(false))!;

    public Task<Session?> AddVerifiedAsync(NewSession session, PasswordHash verified, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(verified);
        return AddAsync(session, verified, cancellationToken);
    }

    public Task<Rotation> RotateAsync(SessionToken presented, SessionToken next, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(presented);
        ArgumentNullException.ThrowIfNull(next);
        CheckLifetime(lifetime);
        var now = clock.Now();
        var tokens = presented.Stored;

        // A token that was stored in clear is stored as its hash from now on.
        var rotate = new Statement("""
            WITH gate AS (
                UPDATE sessions g
                SET rotated_at = @now, token = @hash
                WHERE g.token = ANY (@tokens) AND g.rotated_at IS NULL AND g.expires_at > @now
                RETURNING g.user_id, coalesce(g.family_id, g.id) AS family_id
            )
            INSERT INTO sessions (id, user_id, token, expires_at, created_at, family_id)
            SELECT @id, g.user_id, @next, @expiresAt, @now, g.family_id
            FROM gate g
            """,
            P.Of(tokens), P.Text(presented.Hash, name: "hash"), P.Of(now), P.Of(Ids.New(), "id"), P.Text(next.Hash, name: "next"), P.Of(now + lifetime, "expiresAt"));

        // Also found when the exchange was made before and its answer was lost: nobody else can know the next token.
        var made = new Statement($"""
            SELECT {Columns}, {UserRepository.Columns}
            FROM sessions s
            JOIN sessions p ON p.user_id = s.user_id AND coalesce(p.family_id, p.id) = s.family_id
            JOIN users u ON u.id = s.user_id
            WHERE s.token = @next AND s.rotated_at IS NULL AND p.token = ANY (@tokens) AND p.rotated_at IS NOT NULL
            """, P.Of(tokens), P.Text(next.Hash, name: "next"));
        var state = new Statement($"""
            SELECT {Columns}
            FROM sessions s
            WHERE s.token = ANY (@tokens)
            """, P.Of(tokens));
        var revoke = new Statement("""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token = ANY (@tokens) AND s.rotated_at <= @graceStart
              AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
              AND NOT EXISTS (
                SELECT FROM sessions n
                WHERE n.token = @next AND n.rotated_at IS NULL AND n.user_id = s.user_id AND n.family_id = coalesce(s.family_id, s.id))
            """, P.Of(tokens), P.Of(now - Rotation.Grace, "graceStart"), P.Text(next.Hash, name: "next"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var rotated = await sets.FindAsync(ReadWithUser).ConfigureAwait(false);
                var met = await sets.FindAsync(Read).ConfigureAwait(false);
                return rotated is not null ? new Rotation(RotationOutcome.Rotated, rotated) : new Rotation(Refusal(met, now), Next: null);
            },
            [LockUserOf(tokens), rotate, made, state, revoke], Repeat.WhenConnectionIsLost, cancellationToken);
    }

    public Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        var tokens = token.Stored;

        // The family, and not the row: the token may be rotated, just now or by a thief, and what came out of it must not live on without its mark.
        var revoke = new Statement("""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token = ANY (@tokens) AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
            RETURNING f.id
            """, P.Of(tokens));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false);
            },
            [LockUserOf(tokens), revoke], Repeat.Never, cancellationToken);
    }

    public Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken) =>
        db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                return (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            },
            [UserRepository.Lock(userId), RevokeAll(userId, exceptSessionId)], Repeat.Never, cancellationToken);

    public Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM sessions s
            WHERE s.id = ANY (ARRAY(
                SELECT e.id
                FROM sessions e
                WHERE {Purgeable}
                ORDER BY e.expires_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """, [P.Of(clock.Now(), "now"), P.Of(Limit.Check(limit, ISessionRepository.MaxListSize), nameof(limit))], cancellationToken);

    // Exchanges and ends of one user's sessions go one after the other: the family that ends must hold the session that an exchange is about to make.
    // A statement of its own, so that the next see what was committed before them.
    private static Statement LockUserOf(string[] tokens) => new("""
        SELECT 1
        FROM users u
        WHERE u.id IN (SELECT s.user_id FROM sessions s WHERE s.token = ANY (@tokens))
        FOR NO KEY UPDATE
        """, P.Of(tokens));

    private async Task<Session?> AddAsync(NewSession session, PasswordHash? verified, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(session.Token);
        CheckLifetime(session.Lifetime);
        const string Insert = """
            INSERT INTO sessions AS s (id, user_id, token, expires_at, created_at)
            SELECT @id, @userId, @token, @expiresAt, @now
            WHERE @verified IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = @userId AND u.password_hash = @verified)
            """;
        var id = session.Id ?? Ids.New();
        var now = clock.Now();

        // No target: the same request at the same moment may be noticed by either unique index. The last statement starts after the commit that the
        // insert has waited for. It finds what this very request has stored, and no session that has another token.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM sessions s
            WHERE s.id = @id AND s.user_id = @userId AND s.token = @token AND s.rotated_at IS NULL
            """, P.Of(id), P.Of(session.UserId), P.Text(session.Token.Hash, name: "token"));
        return await LockedAsync(new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()), stored).ConfigureAwait(false)
            // The password is another one, or somebody else's row is in the way: the plain insert says which rule it breaks.
            ?? await LockedAsync(new Statement($"{Insert} RETURNING {Columns}", Values())).ConfigureAwait(false);

        // The user's row first: who ends the sessions of the user, or changes the password, waits for this one, or this one sees what was done.
        Task<Session?> LockedAsync(params Statement[] statements) => db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false);
            },
            [UserRepository.Lock(session.UserId), .. statements], Repeat.WhenConnectionIsLost, cancellationToken);

        NpgsqlParameter[] Values() =>
        [
            P.Of(id), P.Of(session.UserId), P.Text(session.Token.Hash, name: "token"), P.Of(now + session.Lifetime, "expiresAt"), P.Of(now),
            P.TextOrNull(verified?.Reveal(), name: "verified"),
        ];
    }

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
