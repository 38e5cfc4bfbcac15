using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

internal sealed class IdentityRepository(Db db, TimeProvider clock) : IIdentityRepository
{
    /// <summary>Sets the password of the user whose reset token was used in this transaction.</summary>
    internal static Statement SetPasswordOfConsumer(ResetToken token, PasswordHash password, DateTimeOffset now) => new($"""
        UPDATE users u
        SET password_hash = @password, updated_at = @now
        WHERE u.id = {PasswordResetTokenRepository.Consumer}
        """, P.Text(token.Hash, name: "hash"), P.Text(password.Reveal(), 255, "password"), P.Of(now));

    public Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(email);
        return db.FindAsync(
            row => new UserCredentials(row.Guid(), row.TextOrNull() is { Length: > 0 } hash ? PasswordHash.From(hash) : null), """
            SELECT u.id, u.password_hash
            FROM users u
            WHERE lower(u.email) = @email
            """, [P.Text(email.Trim().ToLowerInvariant(), name: "email")], cancellationToken);
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
        var email = account.Email.Trim().ToLowerInvariant();
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

        // Starts after the other registration's commit that the insert has waited for.
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE lower(u.email) = @email
            """, P.Text(email));
        var user = await db.WriteBatchAsync(
            sets => sets.FindAsync(UserRepository.Read), [insert, holder], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
        return user is null ? throw DuplicateException.OfId("users_pkey")
            : user.Id == id ? new Registration(RegistrationOutcome.Created, user)
            : new Registration(RegistrationOutcome.EmailTaken, null);
    }

    public Task<ProviderSignIn> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.ProviderId);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Email);
        var (githubId, googleId) = Ids(identity.Provider, identity.ProviderId);
        var email = identity.Email.Trim().ToLowerInvariant();
        var now = clock.Now();

        var link = new Statement("""
            UPDATE users u
            SET github_id = coalesce(@githubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = @now
            WHERE lower(u.email) = @email AND u.email_verified AND @emailVerified
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
            WHERE NOT EXISTS (SELECT FROM users o WHERE o.github_id = @githubId OR o.google_id = @googleId OR lower(o.email) = @email)
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

        // Start after what the two above have waited for: also another sign-in of the same person.
        var linked = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE u.github_id = @githubId OR u.google_id = @googleId
            """, P.TextOrNull(githubId), P.TextOrNull(googleId));
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE lower(u.email) = @email
            """, P.Text(email));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.AnyAsync().ConfigureAwait(false);
                var user = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                var other = await sets.FindAsync(UserRepository.Read).ConfigureAwait(false);
                return user is not null ? new ProviderSignIn(ProviderSignInOutcome.SignedIn, user)
                    : other is { EmailVerified: true } && identity.EmailVerified ? new ProviderSignIn(ProviderSignInOutcome.LinkedElsewhere, null)
                    : new ProviderSignIn(ProviderSignInOutcome.EmailMatchedUnverified, null);
            },
            [Lock(identity.Provider, identity.ProviderId), link, insert, linked, holder], Repeat.WhenConnectionIsLost, cancellationToken);
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
            [Lock(provider, providerId), link, user], Repeat.WhenConnectionIsLost, cancellationToken);
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

        // Locks the user's row, as everything does that makes or ends sessions; the second statement sees those made meanwhile.
        var set = new Statement("""
            UPDATE users u
            SET password_hash = @password, updated_at = @now
            WHERE u.id = @userId
            RETURNING u.id
            """, P.Text(password.Reveal(), 255, "password"), P.Of(clock.Now(), "now"), P.Of(userId));
        return db.WriteBatchAsync(
            sets => sets.AnyAsync(),
            [set, SessionRepository.RevokeAll(userId, exceptSessionId)], Repeat.WhenConnectionIsLost, cancellationToken);
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
