using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

internal sealed class PasswordResetTokenRepository(Db db, AccountContext context)
    : IPasswordResetTokenRepository, IPlatformPasswordResetTokenRepository
{
    // Without token_hash, which no caller reads.
    internal const string Columns = "t.id, t.user_id, t.expires_at, t.used_at, t.created_at";

    /// <summary>Whether a purge removes a token <c>e</c>. Needs <c>@before</c>.</summary>
    internal const string Purgeable = "(e.expires_at < @before OR e.used_at < @before)";

    // Whether a row t has the hash @hash and is usable. Needs @now.
    private const string Usable = $"t.token_hash::text = @hash AND t.used_at IS NULL AND t.expires_at > {ServerTime.Present}";
    private const AccountLinks AllLinks = AccountLinks.GitHub | AccountLinks.Google | AccountLinks.GitHubConnection
        | AccountLinks.GitLab | AccountLinks.Bitbucket;

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(1);

    internal static PasswordResetToken Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        ExpiresAt = row.Time(),
        UsedAt = row.TimeOrNull(),
        CreatedAt = row.Time(),
    };

    /// <summary>Ends the tokens of the user in <see cref="Chosen.Ids"/>, whose password was just changed or removed.</summary>
    internal static Statement EndAllOfChosen(TimeProvider clock) => new($"""
        UPDATE password_reset_tokens t
        SET used_at = {ServerTime.Present}
        WHERE t.user_id = ANY ({Chosen.Ids}) AND t.used_at IS NULL
        """, ServerTime.Now(clock));

    /// <summary>Removes the tokens of the user in <see cref="Chosen.Ids"/>.</summary>
    internal static Statement RemoveAllOfChosen() => new($"""
        DELETE FROM password_reset_tokens t
        WHERE t.user_id = ANY ({Chosen.Ids})
        """);

    public Task<PasswordResetToken?> FindUsableAsync(ResetToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM password_reset_tokens t
            WHERE {Usable}
            ORDER BY t.created_at DESC, t.id
            LIMIT 1
            """, [P.Text(token.Hash, name: "hash"), ServerTime.Now(context.Clock)], cancellationToken);
    }

    public Task<LinkedAccounts?> FindLinksAsync(ResetToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return db.FindAsync(IdentityRepository.ReadLinks, $"""
            SELECT {IdentityRepository.Links}
            FROM password_reset_tokens t
            JOIN users u ON u.id = t.user_id
            LEFT JOIN github_connections g ON g.user_id = u.id
            WHERE {Usable}
            LIMIT 1
            """, [P.Text(token.Hash, name: "hash"), ServerTime.Now(context.Clock)], cancellationToken);
    }

    public Task<ResetIssueResult> IssueAsync(Guid userId, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
        var (id, token) = (Ids.New(), ResetToken.New());

        // The batch locks the user's row first: of two concurrent requests, the second one sees the token of the first.
        var previous = new Statement($"""
            SELECT {Columns}
            FROM password_reset_tokens t
            WHERE t.user_id = @userId AND t.id <> @id
            ORDER BY t.created_at DESC, t.id DESC
            LIMIT 1
            """, P.Of(userId), P.Of(id));

        // A row with a later time, which a writer with a wrong clock has stored, does not block a reset.
        var insert = new Statement($"""
            INSERT INTO password_reset_tokens AS t (id, user_id, token_hash, expires_at, created_at)
            SELECT @id, u.id, @hash, {ServerTime.Present} + @lifetime::interval, {ServerTime.Present}
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen} AND NOT EXISTS (
                SELECT
                FROM password_reset_tokens r
                WHERE r.user_id = @userId AND r.used_at IS NULL AND r.expires_at > {ServerTime.Present}
                  AND r.created_at > {ServerTime.Present} - @interval::interval
                  AND r.created_at <= {ServerTime.Present} + @interval::interval)
            ON CONFLICT (id) DO NOTHING
            """,
            P.Of(id),
            P.Of(userId),
            P.Text(token.Hash, name: "hash"),
            P.Of(lifetime),
            P.Of(context.Options.ResetInterval, "interval"),
            ServerTime.Now(context.Clock));

        // A repetition ends nothing when a newer token has replaced its own meanwhile.
        var endOthers = new Statement($"""
            UPDATE password_reset_tokens t
            SET used_at = {ServerTime.Present}
            WHERE t.user_id = @userId AND t.id <> @id AND t.used_at IS NULL
              AND EXISTS (SELECT FROM password_reset_tokens n WHERE n.id = @id AND n.used_at IS NULL)
            """, P.Of(userId), P.Of(id), ServerTime.Now(context.Clock));
        var own = new Statement($"""
            SELECT {Columns}
            FROM password_reset_tokens t
            WHERE t.id = @id AND t.user_id = @userId
            """, P.Of(id), P.Of(userId));
        return db.WriteBatchAsync(
            async sets =>
            {
                var exists = await sets.AnyAsync().ConfigureAwait(false);
                var before = await sets.FindAsync(Read).ConfigureAwait(false);
                var issued = await sets.FindAsync(Read).ConfigureAwait(false);
                return issued is not null ? new ResetIssueResult(ResetIssueOutcome.Issued, issued, token, before?.CreatedAt)
                    : exists ? new ResetIssueResult(ResetIssueOutcome.IssuedBefore, before, Token: null, before?.CreatedAt)
                    : new ResetIssueResult(ResetIssueOutcome.UserNotFound, Reset: null, Token: null, PreviousIssuedAt: null);
            },
            [UserRepository.Lock(userId), previous, insert, endOthers, own], cancellationToken);
    }

    public Task<Guid?> ConsumeAsync(ResetToken token, PasswordHash password, AccountLinks keep, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(password);
        if ((keep & ~AllLinks) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(keep), keep, "keep has a value that is not defined.");
        }

        // Locks the user's row first, as every batch that creates or ends sessions does: a session that is being added is seen, and ends.
        var @lock = new Statement("""
            SELECT 1
            FROM users u
            WHERE u.id IN (SELECT t.user_id FROM password_reset_tokens t WHERE t.token_hash::text = @hash)
            FOR NO KEY UPDATE
            """, P.Text(token.Hash, name: "hash"));

        var consume = new Statement($"""
            WITH used AS (
                UPDATE password_reset_tokens t
                SET used_at = {ServerTime.Present}
                WHERE {Usable}
                RETURNING t.user_id
            )
            SELECT {Chosen.Keep}
            FROM (SELECT d.user_id AS id FROM used d LIMIT 1) c
            """, P.Text(token.Hash, name: "hash"), ServerTime.Now(context.Clock));

        // The same call before: the token was used, not replaced by a newer one, and the very hash that it set is still stored. Every hash
        // has its own salt, so that nobody else who has the token can present the same one.
        var consumedBefore = new Statement("""
            SELECT u.id::text
            FROM password_reset_tokens t
            JOIN users u ON u.id = t.user_id
            WHERE t.token_hash::text = @hash AND t.used_at IS NOT NULL AND u.password_hash::text = @password
              AND NOT EXISTS (
                SELECT
                FROM password_reset_tokens n
                WHERE n.user_id = t.user_id AND n.id <> t.id AND n.created_at >= t.created_at AND n.created_at <= t.used_at)
            LIMIT 1
            """, P.Text(token.Hash, name: "hash"), P.Text(password.Reveal(), name: "password"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var now = await sets.FindAsync(row => row.Text()).ConfigureAwait(false);
                var before = await sets.FindAsync(row => row.Text()).ConfigureAwait(false);
                return now is { Length: > 0 } ? Guid.Parse(now) : before is null ? (Guid?)null : Guid.Parse(before);
            },
            [
                @lock, consume, EndAllOfChosen(context.Clock), GitHubConnectionRepository.RemoveOfChosen(keep),
                UserIdentities.RemoveOfChosen(keep), EmailVerificationTokenRepository.EndAllOfChosen(context.Clock),
                IdentityRepository.SetPasswordOfChosen(password, keep, context.Clock), SessionRepository.RevokeAllOfChosen(),
                consumedBefore,
            ], cancellationToken);
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM password_reset_tokens t
            WHERE t.id = ANY (ARRAY(
                SELECT e.id
                FROM password_reset_tokens e
                WHERE {Purgeable}
                ORDER BY e.created_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """,
            [P.Of(before), P.Of(Limit.Check(limit, IPlatformPasswordResetTokenRepository.MaxPurgeSize), nameof(limit))], cancellationToken);
}
