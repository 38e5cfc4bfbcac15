using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

internal sealed class IdentityRepository(Db db, TimeProvider clock) : IIdentityRepository
{
    /// <summary>
    /// Sets the password of the user whose reset token was used in this transaction. The mail has proved the address: until then, anybody could have made
    /// the account with it and linked it with an account of their own, so that such links end.
    /// </summary>
    internal static Statement SetPasswordOfConsumer(ResetToken token, PasswordHash password, DateTimeOffset now) => new($"""
        UPDATE users u
        SET password_hash = @password, github_id = CASE WHEN u.email_verified THEN u.github_id END,
            google_id = CASE WHEN u.email_verified THEN u.google_id END, email_verified = TRUE, updated_at = @now
        WHERE u.id = {PasswordResetTokenRepository.Consumer}
        """, P.Text(token.Hash, name: "hash"), P.Text(password.Reveal(), 255, "password"), P.Of(now));

    public Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(email);
        return db.FindAsync(
            row => new UserCredentials(row.Guid(), row.TextOrNull() is { Length: > 0 } hash ? PasswordHash.From(hash) : null), """
            SELECT u.id, u.password_hash
            FROM users u
            WHERE lower(u.email COLLATE "C") = @email
            """, [P.Text(EmailAddress.Fold(email), name: "email")], cancellationToken);
    }

    public Task<User?> FindByProviderAsync(IdentityProvider provider, string providerId, CancellationToken cancellationToken)
    {
        // A NULL here would have found whoever has no account at the provider.
        ArgumentException.ThrowIfNullOrWhiteSpace(providerId);
        var (githubId, googleId) = Ids(provider, providerId);
        return db.FindAsync(UserRepository.Read, $"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.github_id = @githubId OR u.google_id = @googleId
            """, [P.TextOrNull(githubId), P.TextOrNull(googleId)], cancellationToken);
    }

    public async Task<Registration> RegisterAsync(NewAccount account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentException.ThrowIfNullOrWhiteSpace(account.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(account.Email);
        ArgumentNullException.ThrowIfNull(account.Password);
        var id = account.Id ?? Internal.Ids.New();
        var email = EmailAddress.Fold(account.Email);
        var insert = new Statement("""
            INSERT INTO users (id, name, email, password_hash, email_verified, created_at, updated_at)
            VALUES (@id, @name, @email, @password, FALSE, @now, @now)
            ON CONFLICT DO NOTHING
            """,
            P.Of(id),
            P.Text(account.Name, 255),
            P.Text(email, 255, "account.Email"),
            P.Text(account.Password.Reveal(), 255, "password"),
            P.Of(clock.Now(), "now"));

        // Starts after the other registration's commit that the insert has waited for. A hash has a salt of its own: with the same one it is this very
        // request, and not somebody who knows id and address.
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}, u.id = @id AND u.password_hash IS NOT DISTINCT FROM @password
            FROM users u
            WHERE lower(u.email COLLATE "C") = @email
            """, P.Of(id), P.Text(account.Password.Reveal(), name: "password"), P.Text(email));
        var met = await db.WriteBatchAsync(
            sets => sets.FindAsync(row => new { User = UserRepository.Read(row), IsOurs = row.Flag() }), [insert, holder], Repeat.WhenConnectionIsLost, cancellationToken)
            .ConfigureAwait(false);
        return met is null ? throw DuplicateException.OfId("users_pkey")
            : met.IsOurs ? new Registration(RegistrationOutcome.Created, met.User)
            : new Registration(RegistrationOutcome.EmailTaken, null);
    }

    public Task<ProviderSignIn> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.ProviderId);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Email);
        var (githubId, googleId) = Ids(identity.Provider, identity.ProviderId);
        var email = EmailAddress.Fold(identity.Email);
        var now = clock.Now();

        // What the provider knows by now: it may have verified the address since the account was made.
        var follow = new Statement("""
            UPDATE users u
            SET email_verified = u.email_verified OR @emailVerified AND lower(u.email COLLATE "C") = @email,
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = @now
            WHERE (u.github_id = @githubId OR u.google_id = @googleId)
              AND (NOT u.email_verified AND @emailVerified AND lower(u.email COLLATE "C") = @email OR u.avatar_url IS NULL AND @avatarUrl IS NOT NULL)
            """,
            P.TextOrNull(githubId),
            P.TextOrNull(googleId),
            P.TextOrNull(identity.AvatarUrl),
            P.Of(now),
            P.Text(email),
            P.Of(identity.EmailVerified));
        var link = new Statement("""
            UPDATE users u
            SET github_id = coalesce(@githubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = @now
            WHERE lower(u.email COLLATE "C") = @email AND u.email_verified AND @emailVerified
              AND CASE WHEN @githubId IS NULL THEN u.google_id ELSE u.github_id END IS NULL
              AND NOT EXISTS (SELECT FROM users o WHERE o.github_id = @githubId OR o.google_id = @googleId)
            """,
            P.TextOrNull(githubId, 255),
            P.TextOrNull(googleId, 255),
            P.TextOrNull(identity.AvatarUrl),
            P.Of(now),
            P.Text(email, 255),
            P.Of(identity.EmailVerified));
        var insert = new Statement("""
            INSERT INTO users (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            SELECT @id, @name, @email, @avatarUrl, @githubId, @googleId, @emailVerified, @now, @now
            WHERE NOT EXISTS (SELECT FROM users o WHERE o.github_id = @githubId OR o.google_id = @googleId OR lower(o.email COLLATE "C") = @email)
            ON CONFLICT DO NOTHING
            """,
            P.Of(Internal.Ids.New(), "id"),
            P.Text(identity.Name, 255),
            P.Text(email),
            P.TextOrNull(identity.AvatarUrl),
            P.TextOrNull(githubId),
            P.TextOrNull(googleId),
            P.Of(identity.EmailVerified),
            P.Of(now));

        // Start after what those above have waited for: also another sign-in of the same person.
        var linked = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.github_id = @githubId OR u.google_id = @googleId
            """, P.TextOrNull(githubId), P.TextOrNull(googleId));
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE lower(u.email COLLATE "C") = @email
            """, P.Text(email));

        // Neither found: whoever was in the way of the insert is gone.
        return ConflictRetry.UntilConsistentAsync(() => db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var user = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                var other = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                return user is not null ? new ProviderSignIn(ProviderSignInOutcome.SignedIn, user)
                    : other is null ? null
                    : other.EmailVerified && identity.EmailVerified ? new ProviderSignIn(ProviderSignInOutcome.LinkedElsewhere, null)
                    : new ProviderSignIn(ProviderSignInOutcome.EmailMatchedUnverified, null);
            },
            // The insert may have waited for a sign-in of the same person through the other provider: the link comes after it.
            [Lock(identity.Provider, identity.ProviderId), follow, insert, link, linked, holder],
            Repeat.WhenConnectionIsLost, cancellationToken));
    }

    public Task<LinkResult> LinkAsync(
        Guid userId, IdentityProvider provider, string providerId, string? avatarUrl, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(providerId);
        var (githubId, googleId) = Ids(provider, providerId);
        var link = new Statement("""
            UPDATE users u
            SET github_id = coalesce(@githubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = @now
            WHERE u.id = @userId
              AND NOT EXISTS (SELECT FROM users o WHERE o.id <> @userId AND (o.github_id = @githubId OR o.google_id = @googleId))
            RETURNING u.id
            """,
            P.TextOrNull(githubId, 255),
            P.TextOrNull(googleId, 255),
            P.TextOrNull(avatarUrl),
            P.Of(clock.Now(), "now"),
            P.Of(userId));
        var user = new Statement("""
            SELECT u.id
            FROM users u
            WHERE u.id = @userId
            """, P.Of(userId));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var linked = await sets.AnyAsync().ConfigureAwait(false);
                var exists = await sets.AnyAsync().ConfigureAwait(false);
                return linked ? LinkResult.Linked : exists ? LinkResult.LinkedElsewhere : LinkResult.UserNotFound;
            },
            [Lock(provider, providerId), link, user], Repeat.Never, cancellationToken);
    }

    public async Task<bool> UnlinkAsync(Guid userId, IdentityProvider provider, CancellationToken cancellationToken)
    {
        var (github, google) = Ids(provider, "any");
        return await db.WriteAsync("""
            UPDATE users u
            SET github_id = CASE WHEN @github THEN NULL ELSE u.github_id END,
                google_id = CASE WHEN @google THEN NULL ELSE u.google_id END, updated_at = @now
            WHERE u.id = @userId AND (@github AND u.github_id IS NOT NULL OR @google AND u.google_id IS NOT NULL)
            """,
            [P.Of(github is not null, "github"), P.Of(google is not null, "google"), P.Of(clock.Now(), "now"), P.Of(userId)],
            cancellationToken).ConfigureAwait(false) == 1;
    }

    public Task<bool> SetPasswordAsync(Guid userId, PasswordHash password, Guid? exceptSessionId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(password);
        var now = clock.Now();

        // Locks the user's row, as everything does that makes or ends sessions; the second statement sees those made meanwhile.
        var set = new Statement("""
            UPDATE users u
            SET password_hash = @password, updated_at = @now
            WHERE u.id = @userId
            RETURNING u.id
            """, P.Text(password.Reveal(), 255, "password"), P.Of(now), P.Of(userId));
        return db.WriteBatchAsync(
            sets => sets.AnyAsync(),
            [set, SessionRepository.RevokeAll(userId, exceptSessionId), PasswordResetTokenRepository.EndAll(userId, now)], Repeat.Never, cancellationToken);
    }

    public async Task<bool> RehashAsync(Guid userId, PasswordHash verified, PasswordHash renewed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(verified);
        ArgumentNullException.ThrowIfNull(renewed);

        // The password stays, and so does what a version of the account means: updated_at is not touched.
        return await db.WriteAsync("""
            UPDATE users u
            SET password_hash = @renewed
            WHERE u.id = @userId AND u.password_hash = @verified
            """,
            [P.Text(renewed.Reveal(), 255, "renewed"), P.Of(userId), P.Text(verified.Reveal(), name: "verified")], cancellationToken).ConfigureAwait(false) == 1;
    }

    // Held to the commit, so that of two users who are linked with one account at once the second sees the first.
    private static Statement Lock(IdentityProvider provider, string providerId) => new("""
        SELECT 1
        FROM pg_advisory_xact_lock('users'::regclass::oid::int, hashtext(@account))
        """, P.Text($"{provider}:{providerId}", name: "account"));

    private static (string? GithubId, string? GoogleId) Ids(IdentityProvider provider, string providerId) => provider switch
    {
        IdentityProvider.Github => (providerId, null),
        IdentityProvider.Google => (null, providerId),
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "There is no such provider."),
    };
}
