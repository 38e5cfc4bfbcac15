using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class IdentityRepository(Db db, AccountContext context) : IIdentityRepository
{
    /// <summary>The links of a user <c>u</c> with the GitHub connection <c>g</c>, which may be absent.</summary>
    internal const string Links =
        $"u.github_id, u.google_id, {UserIdentities.IdsOfUser}, g.github_username, g.connected_at, g.id IS NOT NULL";

    /// <summary>
    /// Sets the password of the user in <see cref="Chosen.Ids"/>, whom a mail has proved; ends the links that <paramref name="keep"/> does
    /// not name.
    /// </summary>
    internal static Statement SetPasswordOfChosen(PasswordHash password, AccountLinks keep, TimeProvider clock) => new($"""
        UPDATE users u
        SET password_hash = @password, github_id = CASE WHEN @keepGitHub THEN u.github_id END,
            google_id = CASE WHEN @keepGoogle THEN u.google_id END, email_verified = TRUE, updated_at = {ServerTime.Present}
        WHERE u.id = ANY ({Chosen.Ids})
        """,
        P.Text(password.Reveal(), 255, "password"),
        P.Of(keep.HasFlag(AccountLinks.GitHub), "keepGitHub"),
        P.Of(keep.HasFlag(AccountLinks.Google), "keepGoogle"),
        ServerTime.Now(clock));

    public async Task<UserCredentials?> FindCredentialsAsync(string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, "email", cancellationToken).ConfigureAwait(false);
        return await db.FindAsync(
            row => new UserCredentials(row.Guid(), row.Text(), ReadPassword(row)),
            $"""
            SELECT u.id, u.email, u.password_hash
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY {UserRepository.ByEmail}
            LIMIT 1
            """, [P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false);
    }

    public async Task<UserWithCredentials> FindUserWithCredentialsAsync(string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, "email", cancellationToken).ConfigureAwait(false);
        return await db.FindAsync(
            row => new UserWithCredentials(UserRepository.Read(row), ReadPassword(row)),
            $"""
            SELECT {UserRepository.Columns}, u.password_hash
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY {UserRepository.ByEmail}
            LIMIT 1
            """, [P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false)
            ?? UserWithCredentials.None;
    }

    public Task<User?> FindByProviderAsync(IdentityProvider provider, string providerId, CancellationToken cancellationToken) =>
        db.FindAsync(UserRepository.Read, $"""
            SELECT {UserRepository.Columns}
            FROM users u
            WHERE {ProviderAccount.IsLinked}
            """, ProviderAccount.Of(provider, providerId).Parameters(), cancellationToken);

    public Task<LinkedAccounts?> FindLinksAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(ReadLinks, $"""
            SELECT {Links}
            FROM users u
            LEFT JOIN github_connections g ON g.user_id = u.id
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """, [P.Of(userId)], cancellationToken);

    public async Task<RegistrationResult> RegisterAsync(NewAccount account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(account);
        ArgumentException.ThrowIfNullOrWhiteSpace(account.Name);
        var id = Ids.Of(account.Id, "account.Id");
        var email = await EmailAddress.ParseAsync(db, account.Email, "account.Email", cancellationToken).ConfigureAwait(false);
        ArgumentNullException.ThrowIfNull(account.Password);
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
            P.Text(account.Password.Reveal(), 255, "account.Password"),
            ServerTime.Now(context.Clock));

        // Starts after the commit that the insert has waited for. Every hash has its own salt: the same hash proves that this is the same
        // request, and not another one by somebody who knows the id and the address.
        var holder = new Statement($"""
            SELECT {UserRepository.Columns}, u.id = @id AND u.password_hash::text IS NOT DISTINCT FROM @password
            FROM users u
            WHERE {UserRepository.HasEmail}
            ORDER BY u.id = @id DESC, u.id
            LIMIT 1
            """, P.Of(id), P.Text(account.Password.Reveal(), name: "password"), P.Of(email.Spellings, "emails"));
        var stored = await db.WriteBatchAsync(
            sets => sets.FindAsync(row => new { User = UserRepository.Read(row), IsOurs = row.Flag() }),
            [insert, holder],
            cancellationToken).ConfigureAwait(false);
        return stored is null ? throw DuplicateException.OfId("users_pkey")
            : stored.IsOurs ? new RegistrationResult(RegistrationOutcome.Created, stored.User)
            : new RegistrationResult(RegistrationOutcome.EmailTaken, null);
    }

    public async Task<ProviderSignInResult> SignInWithProviderAsync(ProviderIdentity identity, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var account = ProviderAccount.Of(identity.Provider, identity.ProviderId);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity.Name);
        var email = await EmailAddress.ParseAsync(db, identity.Email, "identity.Email", cancellationToken).ConfigureAwait(false);
        return await new ProviderSignIn(identity, account, email, context).RunAsync(db, cancellationToken).ConfigureAwait(false);
    }

    public Task<LinkOutcome> LinkAsync(Guid userId, ProviderLink link, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(link);
        var account = ProviderAccount.Of(link.Provider, link.ProviderId);

        // A link that exists needs no proof: a repeated call finds its own, changes nothing, and may come after the sign-in has ended.
        var write = new Statement($"""
            WITH linked AS (
                UPDATE users u
                SET github_id = coalesce(@gitHubId, u.github_id), google_id = coalesce(@googleId, u.google_id),
                    avatar_url = coalesce(u.avatar_url, @avatarUrl), updated_at = {ServerTime.Present}
                WHERE u.id = @userId AND {UserRepository.IsOpen} AND NOT coalesce({ProviderAccount.IsLinked}, FALSE)
                  AND {FreshSignIn.Condition}
                  AND NOT EXISTS (SELECT FROM users u WHERE u.id <> @userId AND {ProviderAccount.IsLinked})
                RETURNING u.id
            )
            {UserIdentities.AddToLinked}
            """,
            [
                .. account.Parameters(),
                UserIdentities.NewId(),
                P.TextOrNull(link.AvatarUrl, User.MaxAvatarUrlLength),
                P.Of(userId),
                .. FreshSignIn.Parameters(link.SignedInAt, context),
            ]);
        var user = new Statement($"""
            SELECT coalesce({ProviderAccount.IsLinked}, FALSE), {FreshSignIn.Condition}
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """, [.. account.Parameters(), P.Of(userId), .. FreshSignIn.Parameters(link.SignedInAt, context)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var found = await sets.FindAsync(row => new { IsLinked = row.Flag(), IsFresh = row.Flag() }).ConfigureAwait(false);
                return found is null ? LinkOutcome.UserNotFound
                    : found.IsLinked ? LinkOutcome.Linked
                    : found.IsFresh ? LinkOutcome.LinkedElsewhere
                    : LinkOutcome.SignInTooOld;
            },
            [account.Lock(), UserRepository.Lock(userId), write, user], cancellationToken);
    }

    public Task<UnlinkOutcome> UnlinkAsync(Guid userId, IdentityProvider provider, CancellationToken cancellationToken)
    {
        var any = ProviderAccount.Of(provider, "any");
        const string IsLinked =
            $"(@github AND u.github_id IS NOT NULL OR @google AND u.google_id IS NOT NULL OR {UserIdentities.HasProvider})";

        // The batch locks the user's row first: of two calls that remove the last two links, the second one sees what the first has done.
        var unlink = new Statement($"""
            WITH unlinked AS (
                UPDATE users u
                SET github_id = CASE WHEN @github THEN NULL ELSE u.github_id END,
                    google_id = CASE WHEN @google THEN NULL ELSE u.google_id END, updated_at = {ServerTime.Present}
                WHERE u.id = @userId AND {UserRepository.IsOpen} AND {IsLinked}
                  AND (u.password_hash IS NOT NULL OR NOT @github AND u.github_id IS NOT NULL
                    OR NOT @google AND u.google_id IS NOT NULL OR {UserIdentities.HasOther})
                RETURNING u.id
            ),
            removed AS ({UserIdentities.RemoveFromUnlinked})
            SELECT l.id
            FROM unlinked l
            """, [.. Parameters(), ServerTime.Now(context.Clock)]);
        var left = new Statement($"""
            SELECT {IsLinked}
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """, Parameters());
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var unlinked = await sets.AnyAsync().ConfigureAwait(false);
                var isLinked = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
                return unlinked || (sets.IsRepeated && isLinked is [false]) ? UnlinkOutcome.Unlinked
                    : isLinked is [true] ? UnlinkOutcome.LastWayIn
                    : UnlinkOutcome.NotLinked;
            },
            [UserRepository.Lock(userId), unlink, left], cancellationToken);

        NpgsqlParameter[] Parameters() =>
        [
            P.Of(any.GitHubId is not null, "github"),
            P.Of(any.GoogleId is not null, "google"),
            P.TextOrNull(any.Provider, name: "provider"),
            P.Of(userId),
        ];
    }

    public Task<PasswordChangeOutcome> ChangePasswordAsync(Guid userId, PasswordChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(change.Password);

        // Locks the user's row, as every batch that creates or ends sessions does. The statements after it see the sessions that were
        // created meanwhile, and end nothing when the password stays. Every hash has its own salt: a row that holds the new hash was
        // changed by this very call, and a repetition ends no session that was created since.
        var set = new Statement($"""
            WITH changed AS (
                UPDATE users u
                SET password_hash = @password, updated_at = {ServerTime.Present}
                WHERE u.id = @userId AND {UserRepository.IsOpen} AND (u.password_hash::text = @verified
                  OR @verified IS NULL AND u.password_hash::text IS DISTINCT FROM @password)
                RETURNING u.id
            )
            SELECT {Chosen.Keep}
            FROM changed c
            """,
            P.Text(change.Password.Reveal(), 255, "change.Password"),
            ServerTime.Now(context.Clock),
            P.Of(userId),
            P.TextOrNull(change.Verified?.Reveal(), name: "verified"));
        var hasPassword = new Statement($"""
            SELECT u.password_hash::text IS NOT DISTINCT FROM @password
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """, P.Of(userId), P.Text(change.Password.Reveal(), name: "password"));
        return db.WriteBatchAsync(
            async sets =>
            {
                var changed = await sets.FindAsync(row => row.Text()).ConfigureAwait(false) is not "";
                var isStored = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
                return changed || isStored is [true] ? PasswordChangeOutcome.Changed
                    : isStored is [false] ? PasswordChangeOutcome.Superseded
                    : PasswordChangeOutcome.UserNotFound;
            },
            [
                set,
                SessionRepository.RevokeAllOfChosen(change.ExceptSessionId),
                PasswordResetTokenRepository.EndAllOfChosen(context.Clock),
                EmailVerificationTokenRepository.EndAllOfChosen(context.Clock),
                hasPassword,
            ], cancellationToken);
    }

    public Task<bool> RehashAsync(Guid userId, PasswordHash verified, PasswordHash renewed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(verified);
        ArgumentNullException.ThrowIfNull(renewed);

        // The password stays the same, and updated_at with it: a caller's version of the account stays valid.
        var store = new Statement($"""
            UPDATE users u
            SET password_hash = @renewed
            WHERE u.id = @userId AND {UserRepository.IsOpen} AND u.password_hash::text = @verified
            """, P.Text(renewed.Reveal(), 255, "renewed"), P.Of(userId), P.Text(verified.Reveal(), name: "verified"));
        var isStored = new Statement($"""
            SELECT u.id
            FROM users u
            WHERE u.id = @userId AND {UserRepository.IsOpen} AND u.password_hash::text = @renewed
            """, P.Of(userId), P.Text(renewed.Reveal(), name: "renewed"));
        return db.WriteBatchAsync(
            sets => sets.AnyAsync(), [store, isStored], cancellationToken);
    }

    /// <summary>Reads <see cref="Links"/>.</summary>
    internal static LinkedAccounts ReadLinks(RowReader row)
    {
        var (gitHubId, googleId, gitLabId, bitbucketId) = (row.TextOrNull(), row.TextOrNull(), row.TextOrNull(), row.TextOrNull());
        var (username, connectedAt) = (row.TextOrNull(), row.TimeOrNull());
        var links = (gitHubId is null ? 0 : AccountLinks.GitHub)
            | (googleId is null ? 0 : AccountLinks.Google)
            | (gitLabId is null ? 0 : AccountLinks.GitLab)
            | (bitbucketId is null ? 0 : AccountLinks.Bitbucket)
            | (row.Flag() ? AccountLinks.GitHubConnection : 0);
        return new LinkedAccounts
        {
            Links = links,
            GitHubId = gitHubId,
            GoogleId = googleId,
            GitLabId = gitLabId,
            BitbucketId = bitbucketId,
            GitHubUsername = username,
            GitHubConnectedAt = connectedAt,
        };
    }

    private static PasswordHash? ReadPassword(RowReader row) =>
        row.TextOrNull() is { Length: > 0 } hash ? PasswordHash.From(hash) : null;
}
