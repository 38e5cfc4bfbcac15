using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

/// <summary>One sign-in through a provider.</summary>
/// <param name="identity">What the provider says.</param>
/// <param name="gitHubId">The account at GitHub; null for another provider.</param>
/// <param name="googleId">The account at Google; null for another provider.</param>
/// <param name="email">The address.</param>
/// <param name="clock">The clock.</param>
internal sealed class ProviderEntry(ProviderIdentity identity, string? gitHubId, string? googleId, EmailAddress email, TimeProvider clock)
{
    private const string IsLinked = "(u.github_id::text = @gitHubId OR u.google_id::text = @googleId)";

    // The account with the address; other writers may have made several, in several spellings.
    private const string Holder = $"""
        (
            SELECT u.id
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY {UserRepository.ByEmail}
            LIMIT 1
        )
        """;

    public Task<ProviderSignInResult> RunAsync(Db db, Statement lockAccount, CancellationToken cancellationToken)
    {
        // What the provider knows by now: it may have verified the address since the account was made.
        var follow = new Statement($"""
            UPDATE users u
            SET email_verified = u.email_verified OR @emailVerified AND {UserRepository.HasEmail},
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
            WHERE {IsLinked} AND (NOT u.email_verified AND @emailVerified AND {UserRepository.HasEmail} OR u.avatar_url IS NULL AND @avatarUrl IS NOT NULL)
            """, Values());
        var insert = new Statement($"""
            INSERT INTO users (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            SELECT @id, @name, @email, @avatarUrl, @gitHubId, @googleId, @emailVerified, {ServerTime.Present}, {ServerTime.Present}
            WHERE NOT EXISTS (SELECT FROM users u WHERE {IsLinked} OR {UserRepository.HasEmail})
            ON CONFLICT DO NOTHING
            """, [.. Values(), P.Of(Ids.New(), "id"), P.Text(identity.Name, 255), P.Text(email.Canonical, name: "email")]);

        // As everything does that makes or ends sessions: what follows sees those that were made meanwhile. An account that only the
        // provider has proved is
        // taken over as by a reset.
        var lockHolder = new Statement($"""
            SELECT 1
            FROM users u
            WHERE u.id = {Holder}
            FOR NO KEY UPDATE
            """, Values());
        var prove = new Statement($"""
            SELECT pg_catalog.set_config({ProvedAccount.Setting}, coalesce(
                (SELECT u.id::text FROM users u WHERE u.id = {Holder} AND NOT u.email_verified AND @emailVerified AND NOT EXISTS (SELECT FROM users u WHERE {IsLinked})),
                ''), TRUE)
            """, Values());
        var takeOver = new Statement($"""
            UPDATE users u
            SET password_hash = NULL, github_id = @gitHubId, google_id = @googleId, email_verified = TRUE,
                avatar_url = coalesce(@avatarUrl, u.avatar_url), updated_at = {ServerTime.Present}
            WHERE u.id = {ProvedAccount.Id}
            RETURNING u.id
            """, Values());
        var link = new Statement($"""
            UPDATE users u
            SET github_id = coalesce(@gitHubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
            WHERE u.id = {Holder} AND u.email_verified AND @emailVerified
              AND CASE WHEN @gitHubId IS NULL THEN u.google_id ELSE u.github_id END IS NULL
              AND NOT EXISTS (SELECT FROM users u WHERE {IsLinked})
            """, Values());

        // Start after what those above have waited for: also another sign-in of the same person.
        var linked = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE {IsLinked}
            """, Values());
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.id = {Holder}
            """, Values());

        // Neither found: whoever was in the way of the insert is gone.
        return Retries.UntilConsistentAsync(() => db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var tookOver = await sets.AnyAsync().ConfigureAwait(false);
                var user = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                var other = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                return user is not null ? new ProviderSignInResult(tookOver ? ProviderSignInOutcome.TookOver : ProviderSignInOutcome.SignedIn, user)
                    : other is null ? null
                    : other.EmailVerified && identity.EmailVerified ? new ProviderSignInResult(ProviderSignInOutcome.LinkedElsewhere, null)
                    : new ProviderSignInResult(ProviderSignInOutcome.EmailMatchedUnverified, null);
            },
            // The insert may have waited for a sign-in of the same person through the other provider: the link comes after it.
            [
                lockAccount, follow, insert,
                lockHolder, prove, SessionRepository.RevokeAllOfProved(), PasswordResetTokenRepository.EndAllOfProved(clock),
                GitHubConnectionRepository.RemoveOfProved(AccountLinks.None), takeOver,
                link, linked, holder,
            ],
            Repeat.WhenConnectionIsLost, cancellationToken));
    }

    private NpgsqlParameter[] Values() =>
    [
        P.TextOrNull(gitHubId, 255),
        P.TextOrNull(googleId, 255),
        P.TextOrNull(identity.AvatarUrl),
        P.Of(email.Spellings, "emails"),
        P.Of(identity.EmailVerified),
        ServerTime.Now(clock),
    ];
}
