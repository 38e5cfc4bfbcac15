using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class EmailVerificationTokenRepository(Db db, AccountContext context)
    : IEmailVerificationTokenRepository, IPlatformEmailVerificationTokenRepository
{
    // Without token_hash, which no caller reads.
    internal const string Columns =
        "t.id, t.user_id, t.purpose, t.email, t.previous_email, t.expires_at, t.used_at, t.ended_at, t.created_at";

    /// <summary>Whether a purge removes a token <c>e</c>. Needs <c>@before</c>.</summary>
    internal const string Purgeable = "(e.expires_at < @before OR e.used_at < @before OR e.ended_at < @before)";

    // Whether no other account has the address. Needs @userId and @emails.
    private const string IsFree = $"NOT EXISTS (SELECT FROM users u WHERE u.id <> @userId AND {UserRepository.HasEmail})";

    // Whether a user u still has the address that a token t was issued for.
    private const string HasSameAddress = "u.email::text = t.previous_email::text";

    // Whether a token of a user u would change anything. Without @email it is one that verifies the present address.
    private const string IsNeeded = $"CASE WHEN @email::text IS NULL THEN NOT u.email_verified ELSE NOT {UserRepository.HasEmail} END";

    // A token that verifies the present address proves what the account claims, and is no way into it: it needs no fresh sign-in.
    private const string IsAllowed = $"(@email::text IS NULL OR {FreshSignIn.Condition})";

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(IEmailVerificationTokenRepository.MaxLifetimeDays);

    internal static EmailVerification Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        Purpose = row.Value<EmailPurpose>(),
        Email = row.Text(),
        PreviousEmail = row.Text(),
        ExpiresAt = row.Time(),
        UsedAt = row.TimeOrNull(),
        EndedAt = row.TimeOrNull(),
        CreatedAt = row.Time(),
    };

    /// <summary>Ends the tokens of the user in <see cref="Chosen.Ids"/>, whose password or address was just changed.</summary>
    internal static Statement EndAllOfChosen(TimeProvider clock) => new($"""
        UPDATE email_verification_tokens t
        SET ended_at = {ServerTime.Present}
        WHERE t.user_id = ANY ({Chosen.Ids}) AND t.used_at IS NULL AND t.ended_at IS NULL
        """, ServerTime.Now(clock));

    /// <summary>Removes the tokens of the user in <see cref="Chosen.Ids"/>.</summary>
    internal static Statement RemoveAllOfChosen() => new($"""
        DELETE FROM email_verification_tokens t
        WHERE t.user_id = ANY ({Chosen.Ids})
        """);

    public Task<EmailIssueResult> IssueAsync(Guid userId, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        CheckLifetime(lifetime);
        return IssueAsync(userId, EmailPurpose.Verify, email: null, signedInAt: null, lifetime, cancellationToken);
    }

    public async Task<EmailIssueResult> IssueChangeAsync(Guid userId, EmailChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        CheckLifetime(change.Lifetime);
        db.Writes();
        var email = await EmailAddress.ParseAsync(db, change.Email, "change.Email", cancellationToken).ConfigureAwait(false);
        return await IssueAsync(userId, EmailPurpose.Change, email, change.SignedInAt, change.Lifetime, cancellationToken)
            .ConfigureAwait(false);
    }

    public async Task<EmailRedeemResult> RedeemAsync(
        Guid userId, EmailToken token, Guid? exceptSessionId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        db.Writes();
        var found = await db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM email_verification_tokens t
            JOIN users u ON u.id = t.user_id
            WHERE t.token_hash::text = @hash AND t.user_id = @userId AND {UserRepository.IsOpen}
            """, [P.Text(token.Hash, name: "hash"), P.Of(userId)], cancellationToken).ConfigureAwait(false);
        if (found?.UsedAt is not null)
        {
            return new EmailRedeemResult(EmailRedeemOutcome.AlreadyUsed, found);
        }

        string[] emails = found is null
            ? []
            : (await EmailAddress.SoughtAsync(db, found.Email, "email", cancellationToken).ConfigureAwait(false)).Spellings;
        Func<Guid, Statement> lockUser = found?.Purpose == EmailPurpose.Change ? UserRepository.LockKeys : UserRepository.Lock;
        try
        {
            return await RedeemAsync(lockUser, userId, token, exceptSessionId, emails, cancellationToken).ConfigureAwait(false);
        }
        catch (DuplicateException) when (db.IsTransactionPerCall)
        {
            // Another account got the address between the look and the update; now it is seen.
            return await RedeemAsync(lockUser, userId, token, exceptSessionId, emails, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM email_verification_tokens t
            WHERE t.id = ANY (ARRAY(
                SELECT e.id
                FROM email_verification_tokens e
                WHERE {Purgeable}
                ORDER BY e.created_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """,
            [P.Of(before), P.Of(Limit.Check(limit, IPlatformEmailVerificationTokenRepository.MaxPurgeSize), nameof(limit))],
            cancellationToken);

    private static void CheckLifetime(TimeSpan lifetime, [CallerArgumentExpression(nameof(lifetime))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime, name);
    }

    // The batch locks the user's row first: of two concurrent requests, the second one sees the token of the first.
    private Task<EmailIssueResult> IssueAsync(
        Guid userId, EmailPurpose purpose, EmailAddress? email, DateTimeOffset? signedInAt, TimeSpan lifetime,
        CancellationToken cancellationToken)
    {
        var (id, token) = (Ids.New(), EmailToken.New());
        var previous = new Statement($"""
            SELECT {Columns}
            FROM email_verification_tokens t
            WHERE t.user_id = @userId AND t.id <> @id AND t.purpose::text = @purpose AND t.used_at IS NULL AND t.ended_at IS NULL
            ORDER BY t.created_at DESC, t.id DESC
            LIMIT 1
            """, P.Of(userId), P.Of(id), P.Of(purpose));

        // A row with a later time, which a writer with a wrong clock has stored, does not block a request.
        var insert = new Statement($"""
            INSERT INTO email_verification_tokens AS t (
                id, user_id, purpose, email, previous_email, token_hash, expires_at, created_at)
            SELECT @id, u.id, @purpose::text, coalesce(@email::text, u.email::text), u.email, @hash,
                {ServerTime.Present} + @lifetime::interval, {ServerTime.Present}
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen} AND {IsNeeded} AND {IsAllowed} AND NOT EXISTS (
                SELECT
                FROM email_verification_tokens r
                WHERE r.user_id = @userId AND r.purpose::text = @purpose AND r.used_at IS NULL AND r.ended_at IS NULL
                  AND r.expires_at > {ServerTime.Present} AND r.created_at > {ServerTime.Present} - @interval::interval
                  AND r.created_at <= {ServerTime.Present} + @interval::interval)
            ON CONFLICT (id) DO NOTHING
            """,
            [
                .. Conditions(),
                P.Of(id),
                P.Of(purpose),
                P.Text(token.Hash, name: "hash"),
                P.Of(lifetime),
                P.Of(context.Options.ResetInterval, "interval"),
            ]);

        // A repetition ends nothing when a newer token has replaced its own meanwhile.
        var endOthers = new Statement($"""
            UPDATE email_verification_tokens t
            SET ended_at = {ServerTime.Present}
            WHERE t.user_id = @userId AND t.id <> @id AND t.purpose::text = @purpose AND t.used_at IS NULL AND t.ended_at IS NULL
              AND EXISTS (
                SELECT FROM email_verification_tokens n WHERE n.id = @id AND n.used_at IS NULL AND n.ended_at IS NULL)
            """, P.Of(userId), P.Of(id), P.Of(purpose), ServerTime.Now(context.Clock));
        var own = new Statement($"""
            SELECT {Columns}
            FROM email_verification_tokens t
            WHERE t.id = @id AND t.user_id = @userId
            """, P.Of(id), P.Of(userId));
        var reasons = new Statement($"""
            SELECT {IsNeeded}, {IsAllowed}
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """, Conditions());
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var before = await sets.FindAsync(Read).ConfigureAwait(false);
                var issued = await sets.FindAsync(Read).ConfigureAwait(false);
                var user = await sets.FindAsync(row => new { IsNeeded = row.Flag(), IsAllowed = row.Flag() }).ConfigureAwait(false);
                return issued is not null ? new EmailIssueResult(EmailIssueOutcome.Issued, issued, token)
                    : user is null ? new EmailIssueResult(EmailIssueOutcome.UserNotFound, null, null)
                    : !user.IsNeeded ? new EmailIssueResult(EmailIssueOutcome.NothingToDo, null, null)
                    : !user.IsAllowed ? new EmailIssueResult(EmailIssueOutcome.SignInTooOld, null, null)
                    : new EmailIssueResult(EmailIssueOutcome.IssuedBefore, before, null);
            },
            [UserRepository.Lock(userId), previous, insert, endOthers, own, reasons],
            cancellationToken,
            email is null ? nameof(IssueAsync) : nameof(IssueChangeAsync));

        NpgsqlParameter[] Conditions() =>
        [
            P.Of(userId),
            P.TextOrNull(email?.Canonical, 255, "email"),
            P.Of(email?.Spellings ?? [], "emails"),
            .. FreshSignIn.Parameters(signedInAt, context),
        ];
    }

    private Task<EmailRedeemResult> RedeemAsync(
        Func<Guid, Statement> lockUser, Guid userId, EmailToken token, Guid? exceptSessionId, string[] emails,
        CancellationToken cancellationToken)
    {
        // One statement uses the token and records its address. A changed address ends more in the statements after it.
        var redeem = new Statement($"""
            WITH used AS (
                UPDATE email_verification_tokens t
                SET used_at = {ServerTime.Present}
                FROM users u
                WHERE t.token_hash::text = @hash AND t.user_id = @userId AND u.id = @userId AND {UserRepository.IsOpen}
                  AND t.used_at IS NULL AND t.ended_at IS NULL AND t.expires_at > {ServerTime.Present}
                  AND {HasSameAddress} AND (t.purpose::text <> 'change' OR {IsFree})
                RETURNING t.user_id, t.email, t.purpose
            ),
            recorded AS (
                UPDATE users u
                SET email = d.email, email_verified = TRUE,
                    updated_at = greatest({ServerTime.Present}, u.updated_at + interval '1 microsecond')
                FROM used d
                WHERE u.id = d.user_id
                RETURNING u.id, d.purpose
            )
            SELECT {Chosen.Keep}, (SELECT pg_catalog.count(r.id) FROM recorded r)
            FROM (SELECT r.id FROM recorded r WHERE r.purpose::text = 'change') c
            """, Parameters());
        var stored = new Statement($"""
            SELECT {Columns}, {HasSameAddress}, t.expires_at > {ServerTime.Present}
            FROM email_verification_tokens t
            JOIN users u ON u.id = t.user_id
            WHERE t.token_hash::text = @hash AND t.user_id = @userId AND {UserRepository.IsOpen}
            """, Parameters());
        return db.WriteBatchAsync(
            async sets =>
            {
                var exists = await sets.AnyAsync().ConfigureAwait(false);
                var recorded = await sets.FindAsync(row => new { Chosen = row.Text(), Users = row.Long() }).ConfigureAwait(false);
                var now = await sets.FindAsync(row => new Stored(Read(row), row.Flag(), row.Flag())).ConfigureAwait(false);
                var outcome = !exists ? EmailRedeemOutcome.UserNotFound
                    : now is null ? EmailRedeemOutcome.Unknown
                    : recorded!.Users > 0 || (sets.IsRepeated && now.Verification.UsedAt is not null) ? EmailRedeemOutcome.Redeemed
                    : now.Verification.UsedAt is not null ? EmailRedeemOutcome.AlreadyUsed
                    : !now.HasSameAddress ? EmailRedeemOutcome.AddressChanged
                    : now.Verification.EndedAt is not null ? EmailRedeemOutcome.Superseded
                    : !now.IsInTime ? EmailRedeemOutcome.Expired
                    : EmailRedeemOutcome.EmailTaken;
                return new EmailRedeemResult(outcome, now?.Verification);
            },
            [
                lockUser(userId), redeem, SessionRepository.RevokeAllOfChosen(exceptSessionId),
                PasswordResetTokenRepository.EndAllOfChosen(context.Clock), EndAllOfChosen(context.Clock), stored,
            ],
            cancellationToken);

        NpgsqlParameter[] Parameters() =>
            [P.Of(userId), P.Text(token.Hash, name: "hash"), P.Of(emails, "emails"), ServerTime.Now(context.Clock)];
    }

    // A token after the call, whether its user has the address that it was issued for, and whether it has not expired.
    private sealed record Stored(EmailVerification Verification, bool HasSameAddress, bool IsInTime);
}
