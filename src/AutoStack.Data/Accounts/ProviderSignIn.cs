using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

/// <summary>One sign-in through a provider.</summary>
/// <param name="identity">What the provider reports.</param>
/// <param name="account">The account at the provider.</param>
/// <param name="email">The address.</param>
/// <param name="context">Clock and options.</param>
internal sealed class ProviderSignIn(ProviderIdentity identity, ProviderAccount account, EmailAddress email, AccountContext context)
{
    // The id of the account with the address. Needs @emails. Other writers may have stored several spellings of one mailbox.
    private const string Holder = $"""
        (
            SELECT u.id
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY {UserRepository.ByEmail}
            LIMIT 1
        )
        """;

    public Task<ProviderSignInResult> RunAsync(Db db, CancellationToken cancellationToken)
    {
        // Stores what the provider reports now: it may have verified the address since the account was created.
        var follow = new Statement($"""
            UPDATE users u
            SET email_verified = u.email_verified OR @emailVerified AND {UserRepository.HasEmail},
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
            WHERE {ProviderAccount.IsLinked}
              AND (NOT u.email_verified AND @emailVerified AND {UserRepository.HasEmail} OR u.avatar_url IS NULL AND @avatarUrl IS NOT NULL)
            """, Values());
        var insert = new Statement($"""
            WITH linked AS (
                INSERT INTO users AS n (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
                SELECT @id, @name, @email, @avatarUrl, @gitHubId, @googleId, @emailVerified, {ServerTime.Present}, {ServerTime.Present}
                WHERE NOT EXISTS (SELECT FROM users u WHERE {ProviderAccount.IsLinked} OR {UserRepository.HasEmail})
                ON CONFLICT DO NOTHING
                RETURNING n.id
            )
            {UserIdentities.AddToLinked}
            """, [.. Values(), P.Of(Ids.New(), "id"), P.Text(identity.Name, 255), P.Text(email.Canonical, name: "email")]);

        var link = new Statement($"""
            WITH linked AS (
                UPDATE users u
                SET github_id = coalesce(@gitHubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                    avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
                WHERE u.id = {Holder} AND u.email_verified AND @emailVerified AND {ProviderAccount.HasNone}
                  AND NOT EXISTS (SELECT FROM users u WHERE {ProviderAccount.IsLinked})
                RETURNING u.id
            )
            {UserIdentities.AddToLinked}
            """, Values());

        // These start after the commits that the statements above have waited for, such as another sign-in of the same person.
        var linked = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE {ProviderAccount.IsLinked}
            """, Values());
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.id = {Holder}
            """, Values());

        // Without a user and a holder, the account that the insert met was removed meanwhile.
        return Retries.UntilConsistentAsync(async () =>
        {
            var (user, other) = await db.WriteBatchAsync(
                async sets =>
                {
                    await sets.SkipAsync().ConfigureAwait(false);
                    await sets.SkipAsync().ConfigureAwait(false);
                    return (await sets.FindAsync(UserRepository.Read).ConfigureAwait(false),
                        await sets.FindAsync(UserRepository.Read).ConfigureAwait(false));
                },
                // The insert may have waited for a sign-in of the same person through the other provider: the link comes after it.
                [account.Lock(), follow, insert, LockHolder(), link, linked, holder],
                cancellationToken,
                nameof(IIdentityRepository.SignInWithProviderAsync)).ConfigureAwait(false);
            return user is not null ? new ProviderSignInResult(ProviderSignInOutcome.SignedIn, user)
                : other is null ? null
                : !identity.EmailVerified ? new ProviderSignInResult(ProviderSignInOutcome.EmailMatchedUnverified, null)
                : other.EmailVerified ? new ProviderSignInResult(ProviderSignInOutcome.LinkedElsewhere, null)
                : await TakeOverAsync(db, other.Id, cancellationToken).ConfigureAwait(false);
        });
    }

    // An account that only the provider has proved is taken over, as by a reset. The batch is one of its own: when it is repeated after a
    // lost answer, the account is known to have been without a proof before. Null when the account is no longer one to take over.
    private Task<ProviderSignInResult?> TakeOverAsync(Db db, Guid holderId, CancellationToken cancellationToken)
    {
        var prove = new Statement($"""
            SELECT {Chosen.Keep}
            FROM users c
            WHERE c.id = @holderId AND c.id = {Holder} AND NOT c.email_verified AND @emailVerified
              AND NOT EXISTS (SELECT FROM users u WHERE {ProviderAccount.IsLinked})
            """, [.. Values(), P.Of(holderId)]);
        var takeOver = new Statement($"""
            WITH linked AS (
                UPDATE users u
                SET password_hash = NULL, github_id = @gitHubId, google_id = @googleId, email_verified = TRUE,
                    avatar_url = coalesce(@avatarUrl, u.avatar_url), updated_at = {ServerTime.Present}
                WHERE u.id = ANY ({Chosen.Ids})
                RETURNING u.id
            ),
            added AS ({UserIdentities.AddToLinked})
            SELECT l.id
            FROM linked l
            """, Values());
        var taken = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.id = @holderId AND {ProviderAccount.IsLinked} AND u.email_verified AND u.password_hash IS NULL
            """, [.. Values(), P.Of(holderId)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var tookOver = await sets.AnyAsync().ConfigureAwait(false);
                var user = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                return user is not null && (tookOver || sets.IsRepeated)
                    ? new ProviderSignInResult(ProviderSignInOutcome.TookOver, user)
                    : null;
            },
            [
                account.Lock(), LockHolder(), prove, SessionRepository.RevokeAllOfChosen(),
                PasswordResetTokenRepository.EndAllOfChosen(context.Clock), EmailVerificationTokenRepository.EndAllOfChosen(context.Clock),
                GitHubConnectionRepository.RemoveOfChosen(AccountLinks.None), UserIdentities.RemoveOfChosen(AccountLinks.None),
                takeOver, taken,
            ], cancellationToken, nameof(IIdentityRepository.SignInWithProviderAsync));
    }

    // Every batch that creates or ends sessions locks the user's row: the statements after the lock see the sessions that were created
    // meanwhile, and whether the address was verified.
    private Statement LockHolder() => new($"""
        SELECT 1
        FROM users u
        WHERE u.id = {Holder}
        FOR NO KEY UPDATE
        """, Values());

    private NpgsqlParameter[] Values() =>
    [
        .. account.Parameters(),
        UserIdentities.NewId(),
        P.TextOrNull(identity.AvatarUrl, User.MaxAvatarUrlLength),
        P.Of(email.Spellings, "emails"),
        P.Of(identity.EmailVerified),
        ServerTime.Now(context.Clock),
    ];
}
