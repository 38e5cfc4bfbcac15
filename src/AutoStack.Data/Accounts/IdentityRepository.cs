using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class IdentityRepository(Db db, AccountContext context) : IIdentityRepository
{
    private const string IsAtProvider = "(u.github_id::text = @gitHubId OR u.google_id::text = @googleId)";

    // A clock that is ahead of the server's by more is wrong.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Sets the password of the account that this transaction has proved by a mail; of the links, those stay that the owner keeps.
    /// </summary>
    internal static Statement SetPasswordOfProved(PasswordHash password, AccountLinks keep, TimeProvider clock) => new($"""
        UPDATE users u
        SET password_hash = @password, github_id = CASE WHEN @keepGitHub THEN u.github_id END,
            google_id = CASE WHEN @keepGoogle THEN u.google_id END, email_verified = TRUE, updated_at = {ServerTime.Present}
        WHERE u.id = {ProvedAccount.Id}
        """,
        P.Text(password.Reveal(), 255, "password"),
        P.Of(keep.HasFlag(AccountLinks.GitHub), "keepGitHub"),
        P.Of(keep.HasFlag(AccountLinks.Google), "keepGoogle"),
        ServerTime.Now(clock));

    public async Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, cancellationToken).ConfigureAwait(false);
        return await db.FindAsync(
            row => new UserCredentials(row.Guid(), row.Text(), row.TextOrNull() is { Length: > 0 } hash ? PasswordHash.From(hash) : null), $"""
            SELECT u.id, u.email, u.password_hash
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY {UserRepository.ByEmail}
            LIMIT 1
            """, [P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false);
    }

    public Task<User?> FindByProviderAsync(IdentityProvider provider, string providerId, CancellationToken cancellationToken)
    {
        // A NULL here would have found whoever has no account at the provider.
        ArgumentException.ThrowIfNullOrWhiteSpace(providerId);
        var (gitHubId, googleId) = Ids(provider, providerId);
        return db.FindAsync(UserRepository.Read, $"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE {IsAtProvider}
            """, [P.TextOrNull(gitHubId), P.TextOrNull(googleId)], cancellationToken);
    }

    public async Task<RegistrationResult> RegisterAsync(NewAccount account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentException.ThrowIfNullOrWhiteSpace(account.Name);
        var email = await EmailAddress.ParseAsync(db, account.Email, "account.Email", cancellationToken).ConfigureAwait(false);
        ArgumentNullException.ThrowIfNull(account.Password);
        var id = account.Id ?? Values.Ids.New();
        var insert = new Statement($"""
            INSERT INTO users (id, name, email, password_hash, email_verified, created_at, updated_at)
            SELECT @id, @name, @email, @password, FALSE, {ServerTime.Present}, {ServerTime.Present}
            WHERE NOT EXISTS (SELECT FROM users u WHERE {UserRepository.HasEmail})
            ON CONFLICT DO NOTHING
            """,
            P.Of(id),
            P.Text(account.Name, 255),
            P.Text(email.Canonical, name: "email"),
            P.Of(email.Spellings, "emails"),
            P.Text(account.Password.Reveal(), 255, "password"),
            ServerTime.Now(context.Clock));

        // Starts after the other registration's commit that the insert has waited for. A hash has a salt of its own: with the same one it
        // is this very request, and not somebody who knows id and address.
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}, u.id = @id AND u.password_hash::text IS NOT DISTINCT FROM @password
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY u.id = @id DESC, u.id
            LIMIT 1
            """, P.Of(id), P.Text(account.Password.Reveal(), name: "password"), P.Of(email.Spellings, "emails"));
        var met = await db.WriteBatchAsync(
            sets => sets.FindAsync(row => new { User = UserRepository.Read(row), IsOurs = row.Flag() }), [insert, holder], Repeat.WhenConnectionIsLost, cancellationToken)
            .ConfigureAwait(false);
        return met is null ? throw DuplicateException.OfId("users_pkey")
            : met.IsOurs ? new RegistrationResult(RegistrationOutcome.Created, met.User)
            : new RegistrationResult(RegistrationOutcome.EmailTaken, null);
    }

    public async Task<ProviderSignInResult> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.ProviderId);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Name);
        var (gitHubId, googleId) = Ids(identity.Provider, identity.ProviderId);
        var email = await EmailAddress.ParseAsync(db, identity.Email, "identity.Email", cancellationToken).ConfigureAwait(false);
        return await new ProviderEntry(identity, gitHubId, googleId, email, context.Clock)
            .RunAsync(db, Lock(identity.Provider, identity.ProviderId), cancellationToken).ConfigureAwait(false);
    }

    public Task<LinkOutcome> LinkAsync(
        Guid userId, IdentityProvider provider, string providerId, string? avatarUrl, DateTimeOffset signedInAt, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(providerId);
        var (gitHubId, googleId) = Ids(provider, providerId);
        const string IsFresh = $"@signedInAt > {ServerTime.Present} - @maxAge::interval AND @signedInAt < {ServerTime.Present} + @tolerance::interval";

        // A reset that came in between has ended the sign-in: what a thief has begun is not linked after it.
        const string IsSignedIn =
            $"EXISTS (SELECT FROM sessions s WHERE s.user_id = @userId AND {SessionRepository.SignedIn} = @signedInAt)";
        var link = new Statement($"""
            UPDATE users u
            SET github_id = coalesce(@gitHubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
            WHERE u.id = @userId AND {IsFresh} AND {IsSignedIn}
              AND NOT EXISTS (SELECT FROM users u WHERE u.id <> @userId AND {IsAtProvider})
            RETURNING u.id
            """,
            [
                P.TextOrNull(gitHubId, 255),
                P.TextOrNull(googleId, 255),
                P.TextOrNull(avatarUrl),
                P.Of(userId),
                .. Freshness(),
            ]);
        var user = new Statement($"""
            SELECT {IsFresh} AND {IsSignedIn}
            FROM users u
            WHERE u.id = @userId
            """, [P.Of(userId), .. Freshness()]);
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var linked = await sets.AnyAsync().ConfigureAwait(false);
                var isFresh = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
                return linked ? LinkOutcome.Linked
                    : isFresh is not [var fresh] ? LinkOutcome.UserNotFound
                    : fresh ? LinkOutcome.LinkedElsewhere
                    : LinkOutcome.SignInTooOld;
            },
            [Lock(provider, providerId), UserRepository.Lock(userId), link, user], Repeat.Never, cancellationToken);

        NpgsqlParameter[] Freshness() =>
            [P.Of(signedInAt), P.Of(context.Options.FreshSignIn, "maxAge"), P.Of(Tolerance), ServerTime.Now(context.Clock)];
    }

    public Task<UnlinkOutcome> UnlinkAsync(Guid userId, IdentityProvider provider, CancellationToken cancellationToken)
    {
        var (github, google) = Ids(provider, "any");
        const string IsLinked = "(@github AND u.github_id IS NOT NULL OR @google AND u.google_id IS NOT NULL)";
        NpgsqlParameter[] parameters = [P.Of(github is not null, "github"), P.Of(google is not null, "google"), P.Of(userId)];
        var unlink = new Statement($"""
            UPDATE users u
            SET github_id = CASE WHEN @github THEN NULL ELSE u.github_id END,
                google_id = CASE WHEN @google THEN NULL ELSE u.google_id END, updated_at = {ServerTime.Present}
            WHERE u.id = @userId AND {IsLinked}
              AND (u.password_hash IS NOT NULL OR @github AND u.google_id IS NOT NULL OR @google AND u.github_id IS NOT NULL)
            RETURNING u.id
            """, [.. parameters, ServerTime.Now(context.Clock)]);
        var left = new Statement($"""
            SELECT u.id
            FROM users u
            WHERE u.id = @userId AND {IsLinked}
            """, [P.Of(github is not null, "github"), P.Of(google is not null, "google"), P.Of(userId)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                var unlinked = await sets.AnyAsync().ConfigureAwait(false);
                return unlinked ? UnlinkOutcome.Unlinked : await sets.AnyAsync().ConfigureAwait(false) ? UnlinkOutcome.LastWayIn : UnlinkOutcome.NotLinked;
            },
            [unlink, left], Repeat.Never, cancellationToken);
    }

    public Task<bool> SetPasswordAsync(
        Guid userId, PasswordHash? verified, PasswordHash password, Guid? exceptSessionId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(password);

        // Locks the user's row, as everything does that makes or ends sessions; the statements behind it see those made meanwhile, and end
        // nothing when the password stays.
        var set = new Statement($"""
            WITH changed AS (
                UPDATE users u
                SET password_hash = @password, updated_at = {ServerTime.Present}
                WHERE u.id = @userId AND (@verified IS NULL OR u.password_hash::text = @verified)
                RETURNING u.id
            )
            SELECT (SELECT c.id FROM changed c),
                pg_catalog.set_config({ProvedAccount.Setting}, coalesce((SELECT c.id::text FROM changed c), ''), TRUE)
            """,
            P.Text(password.Reveal(), 255, "password"),
            ServerTime.Now(context.Clock),
            P.Of(userId),
            P.TextOrNull(verified?.Reveal(), name: "verified"));
        return db.WriteBatchAsync(
            async sets => (await sets.ListAsync(row => row.GuidOrNull()).ConfigureAwait(false)) is [not null],
            [set, SessionRepository.RevokeAllOfProved(exceptSessionId), PasswordResetTokenRepository.EndAllOfProved(context.Clock)],
            Repeat.Never, cancellationToken);
    }

    public async Task<bool> RehashAsync(Guid userId, PasswordHash verified, PasswordHash renewed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(verified);
        ArgumentNullException.ThrowIfNull(renewed);

        // The password stays, and so does what a version of the account means: updated_at is not touched.
        return await db.WriteAsync("""
            UPDATE users u
            SET password_hash = @renewed
            WHERE u.id = @userId AND u.password_hash::text = @verified
            """,
            [P.Text(renewed.Reveal(), 255, "renewed"), P.Of(userId), P.Text(verified.Reveal(), name: "verified")], cancellationToken).ConfigureAwait(false) == 1;
    }

    // Held to the commit, so that of two users who are linked with one account at once the second sees the first.
    private static Statement Lock(IdentityProvider provider, string providerId) => new("""
        SELECT 1
        FROM pg_catalog.pg_advisory_xact_lock('users'::regclass::oid::int, pg_catalog.hashtext(@account))
        """, P.Text($"{provider}:{providerId}", name: "account"));

    private static (string? GitHubId, string? GoogleId) Ids(IdentityProvider provider, string providerId) => provider switch
    {
        IdentityProvider.GitHub => (providerId, null),
        IdentityProvider.Google => (null, providerId),
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "There is no such provider."),
    };
}
