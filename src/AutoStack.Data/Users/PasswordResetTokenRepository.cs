using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

internal sealed class PasswordResetTokenRepository(Db db, TimeProvider clock) : IPasswordResetTokenRepository
{
    // Without token_hash, which nobody reads back.
    internal const string Columns = "t.id, t.user_id, t.expires_at, t.used_at, t.created_at";

    /// <summary>The user whose token <c>@hash</c> was used in this transaction.</summary>
    internal const string Consumer = """
        (SELECT t.user_id FROM password_reset_tokens t WHERE t.token_hash = @hash AND t.used_at = @now AND t.xmin = pg_current_xact_id_if_assigned()::xid)
        """;

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(1);

    internal static PasswordResetToken Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        ExpiresAt = row.Time(),
        UsedAt = row.TimeOrNull(),
        CreatedAt = row.Time(),
    };

    /// <summary>Ends the tokens that a user has: what they were sent for is done, or another one takes their place.</summary>
    internal static Statement EndAll(Guid userId, DateTimeOffset now) => new("""
        UPDATE password_reset_tokens t
        SET used_at = @now
        WHERE t.user_id = @userId AND t.used_at IS NULL
        """, P.Of(userId), P.Of(now));

    public Task<PasswordResetToken?> FindUsableAsync(ResetToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM password_reset_tokens t
            WHERE t.token_hash = @hash AND t.used_at IS NULL AND t.expires_at > @now
            ORDER BY t.created_at DESC, t.id
            LIMIT 1
            """, [P.Text(token.Hash, name: "hash"), P.Of(clock.Now(), "now")], cancellationToken);
    }

    public Task<PasswordResetToken?> IssueAsync(Guid userId, ResetToken token, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
        var now = clock.Now();

        // Issues to one user go one after the other: the second sees, and ends, what the first has issued.
        var insert = new Statement($"""
            INSERT INTO password_reset_tokens AS t (id, user_id, token_hash, expires_at, created_at)
            SELECT @id, u.id, @hash, @expiresAt, @now
            FROM users u
            WHERE u.id = @userId
            RETURNING {Columns}
            """, P.Of(Ids.New(), "id"), P.Of(userId), P.Text(token.Hash, name: "hash"), P.Of(now + lifetime, "expiresAt"), P.Of(now));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false);
            },
            [UserRepository.Lock(userId), EndAll(userId, now), insert], Repeat.Never, cancellationToken);
    }

    public Task<Guid?> ConsumeAsync(ResetToken token, PasswordHash password, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(password);
        var now = clock.Now();

        // The user's row first, as everything does that makes or ends sessions: a session that is being made is seen, and ended, too.
        var @lock = new Statement("""
            SELECT 1
            FROM users u
            WHERE u.id IN (SELECT t.user_id FROM password_reset_tokens t WHERE t.token_hash = @hash)
            FOR NO KEY UPDATE
            """, P.Text(token.Hash, name: "hash"));
        var consume = new Statement("""
            UPDATE password_reset_tokens t
            SET used_at = @now
            WHERE t.token_hash = @hash AND t.used_at IS NULL AND t.expires_at > @now
            RETURNING t.user_id
            """, P.Text(token.Hash, name: "hash"), P.Of(now));
        var endOthers = new Statement($"""
            UPDATE password_reset_tokens o
            SET used_at = @now
            WHERE o.user_id = {Consumer} AND o.used_at IS NULL
            """, P.Text(token.Hash, name: "hash"), P.Of(now));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                return (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)) is [var userId, ..] ? userId : (Guid?)null;
            },
            [
                @lock, consume, endOthers, GithubConnectionRepository.RemoveOfUnverifiedConsumer(token, now),
                IdentityRepository.SetPasswordOfConsumer(token, password, now), SessionRepository.RevokeAllOfConsumer(token, now),
            ],
            Repeat.Never, cancellationToken);
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        db.WriteAsync("""
            DELETE FROM password_reset_tokens t
            WHERE t.id = ANY (ARRAY(
                SELECT e.id
                FROM password_reset_tokens e
                WHERE e.expires_at < @before OR e.used_at < @before
                ORDER BY e.created_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """, [P.Of(before), P.Of(Limit.Check(limit, IPasswordResetTokenRepository.MaxPurgeSize), nameof(limit))], cancellationToken);
}
