using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class UserRepository(Db db, TimeProvider clock) : IUserRepository, IPlatformUserRepository
{
    // Without password_hash, which no caller of these methods needs.
    internal const string Columns = "u.id, u.name, u.email, u.avatar_url, u.github_id, u.google_id, u.email_verified, u.created_at, u.updated_at";

    /// <summary>Whether a user <c>u</c> has the address, in one of the spellings <c>@emails</c>.</summary>
    internal const string HasEmail = """pg_catalog.lower(u.email::text COLLATE "C") = ANY (@emails)""";

    /// <summary>The order of users <c>u</c> with one mailbox, which other writers may have stored in several spellings: that of
    /// <c>@emails</c>.</summary>
    internal const string ByEmail = """pg_catalog.array_position(@emails, pg_catalog.lower(u.email::text COLLATE "C")), u.id""";

    internal static User Read(RowReader row) => new()
    {
        Id = row.Guid(),
        Name = row.Text(),
        Email = row.Text(),
        AvatarUrl = row.TextOrNull(),
        GitHubId = row.TextOrNull(),
        GoogleId = row.TextOrNull(),
        EmailVerified = row.Flag(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
    };

    /// <summary>
    /// Locks a user's row until the transaction ends: everything that makes or ends sessions, or rests on the password, begins with it.
    /// </summary>
    internal static Statement Lock(Guid userId) => new("""
        SELECT 1
        FROM users u
        WHERE u.id = @userId
        FOR NO KEY UPDATE
        """, P.Of(userId));

    public Task<User?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @userId
            """, [P.Of(userId)], cancellationToken);

    public async Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, cancellationToken).ConfigureAwait(false);
        return await db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE {HasEmail}
            ORDER BY {ByEmail}
            LIMIT 1
            """, [P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<User>> ListAsync(int limit, Guid afterId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE u.id > @afterId
            ORDER BY u.id
            LIMIT @limit
            """, [P.Of(afterId), P.Of(Limit.Check(limit, IPlatformUserRepository.MaxListSize), nameof(limit))], cancellationToken);

    public async Task<User> AddAsync(NewUser user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Name);
        // An address in another spelling, by another writer, is taken as well, and no index notices it.
        const string Insert = $"""
            INSERT INTO users AS u (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            SELECT @id, @name, @email, @avatarUrl, @gitHubId, @googleId, @emailVerified, {ServerTime.Present}, {ServerTime.Present}
            WHERE NOT EXISTS (SELECT FROM users u WHERE u.id <> @id AND {HasEmail} AND pg_catalog.lower(u.email::text COLLATE "C") <> @email)
            """;
        var id = user.Id ?? Ids.New();
        var email = await EmailAddress.ParseAsync(db, user.Email, "user.Email", cancellationToken).ConfigureAwait(false);

        // No target: the same request at the same moment may be noticed by any of the unique indexes. The second statement starts after the
        // commit that the first has waited for. It finds what this very request has stored: whoever knows somebody's id and address gets no
        // account by it.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @id AND {HasEmail} AND u.name::text = @name AND u.avatar_url IS NOT DISTINCT FROM @avatarUrl
              AND u.github_id::text IS NOT DISTINCT FROM @gitHubId AND u.google_id::text IS NOT DISTINCT FROM @googleId
              AND u.email_verified = @emailVerified AND u.password_hash IS NULL
            """, Values());
        return await db.WriteBatchAsync(
                sets => sets.FindAsync(Read), [new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()), stored], Repeat.WhenConnectionIsLost, cancellationToken)
            .ConfigureAwait(false)
            // Another row is in the way: the plain insert says which rule it breaks.
            ?? await db.WriteAsync(Read, $"{Insert} RETURNING {Columns}", Values(), Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false)
            ?? throw DuplicateException.OfValue("users_email_key");

        NpgsqlParameter[] Values() =>
        [
            P.Of(id),
            P.Text(user.Name, 255),
            P.Text(email.Canonical, name: "email"),
            P.Of(email.Spellings, "emails"),
            P.TextOrNull(user.AvatarUrl),
            P.TextOrNull(user.GitHubId, 255),
            P.TextOrNull(user.GoogleId, 255),
            P.Of(user.EmailVerified),
            ServerTime.Now(clock),
        ];
    }

    public Task<UserUpdateResult> UpdateProfileAsync(Guid userId, UserPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        if (patch.Name.IsGiven)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(patch.Name.Value);
        }

        var update = new Statement($"""
            UPDATE users u
            SET name = coalesce(@name, u.name), avatar_url = CASE WHEN @setAvatarUrl THEN @avatarUrl ELSE u.avatar_url END,
                updated_at = greatest({ServerTime.Present}, u.updated_at + interval '1 microsecond')
            WHERE u.id = @userId AND u.updated_at = coalesce(@expectedVersion, u.updated_at)
            RETURNING {Columns}
            """,
            P.TextOrNull(patch.Name.IsGiven ? patch.Name.Value : null, 255, "name"),
            P.Of(patch.AvatarUrl.IsGiven, "setAvatarUrl"),
            P.TextOrNull(patch.AvatarUrl.IsGiven ? patch.AvatarUrl.Value : null, name: "avatarUrl"),
            ServerTime.Now(clock),
            P.Of(userId),
            P.Of(expectedVersion));
        var current = new Statement($"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @userId
            """, P.Of(userId));
        return db.WriteBatchAsync(
            async sets =>
            {
                var updated = await sets.FindAsync(Read).ConfigureAwait(false);
                var met = await sets.FindAsync(Read).ConfigureAwait(false);
                return new UserUpdateResult(updated is not null ? UpdateOutcome.Updated : met is not null ? UpdateOutcome.Conflict : UpdateOutcome.NotFound, met);
            },
            [update, current], Repeat.Never, cancellationToken);
    }

    public async Task<bool> MarkEmailVerifiedAsync(Guid userId, string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, cancellationToken).ConfigureAwait(false);
        return await db.WriteAsync($"""
            UPDATE users u
            SET email_verified = TRUE, updated_at = {ServerTime.Present}
            WHERE u.id = @userId AND {HasEmail}
            """, [ServerTime.Now(clock), P.Of(userId), P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false) == 1;
    }

    public async Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            DELETE FROM users u
            WHERE u.id = @userId
            """, [P.Of(userId)], cancellationToken).ConfigureAwait(false) == 1;
}
