using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class UserRepository(Db db, AccountContext context) : IUserRepository, IPlatformUserRepository
{
    // Without password_hash, which no caller of these methods needs.
    internal const string Columns =
        "u.id, u.name, u.email, u.avatar_url, u.github_id, u.google_id, u.email_verified, u.created_at, u.updated_at";

    /// <summary>Whether the account of a user <c>u</c> is open: a closed one exists for the removal of its rows only.</summary>
    internal const string IsOpen = "u.closed_at IS NULL";

    /// <summary>Whether the address of a user <c>u</c> is one of the spellings <c>@emails</c>.</summary>
    internal const string HasEmail = """pg_catalog.lower(u.email::text COLLATE "C") = ANY (@emails)""";

    /// <summary>
    /// Orders users <c>u</c> with one mailbox, which other writers may have stored in several spellings, as <c>@emails</c> lists them.
    /// </summary>
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
    /// Locks the row of an open account until the transaction ends. Every batch that creates or ends sessions, or relies on the password,
    /// starts with it.
    /// </summary>
    internal static Statement Lock(Guid userId) => new($"""
        SELECT 1
        FROM users u
        WHERE u.id = @userId AND {IsOpen}
        FOR NO KEY UPDATE
        """, P.Of(userId));

    /// <summary>
    /// As <see cref="Lock"/>, for a batch that changes the address or closes the account: it also waits for the transactions that insert
    /// rows of the account, so that the statements after it see these rows, and the change of a unique column waits for nobody.
    /// </summary>
    internal static Statement LockKeys(Guid userId) => new($"""
        SELECT 1
        FROM users u
        WHERE u.id = @userId AND {IsOpen}
        FOR UPDATE
        """, P.Of(userId));

    public Task<User?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @userId AND {IsOpen}
            """, [P.Of(userId), P.Owner(userId)], cancellationToken);

    public async Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, "email", cancellationToken).ConfigureAwait(false);
        return await db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE {HasEmail}
            ORDER BY {ByEmail}
            LIMIT 1
            """, [P.Of(address.Spellings, "emails")], cancellationToken).ConfigureAwait(false);
    }

    public async Task<Page<User>> ListAsync(Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IPlatformUserRepository.MaxListSize);
        var afterId = cursor.ToId();
        var rows = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE u.id >= coalesce(@afterId, {Ids.Least}) AND u.id IS DISTINCT FROM @afterId AND {IsOpen}
            ORDER BY u.id
            LIMIT @limit
            """, [P.Of(afterId), P.Of(limit + 1, "limit")], cancellationToken).ConfigureAwait(false);
        return Page<User>.Of(rows, limit, user => Cursor.After(user.Id));
    }

    public async Task<User> AddAsync(NewUser user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Name);
        var id = Ids.Of(user.Id, "user.Id");

        // Another spelling of the address, stored by another writer, is the same mailbox; no unique index covers it.
        const string Insert = $"""
            INSERT INTO users AS u (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            SELECT @id, @name, @email, @avatarUrl, @gitHubId, @googleId, @emailVerified, {ServerTime.Present}, {ServerTime.Present}
            WHERE NOT EXISTS (
                SELECT
                FROM users u
                WHERE u.id <> @id AND {HasEmail} AND pg_catalog.lower(u.email::text COLLATE "C") <> @email)
            """;
        var email = await EmailAddress.ParseAsync(db, user.Email, "user.Email", cancellationToken).ConfigureAwait(false);

        // ON CONFLICT has no target: a concurrent copy of this request may meet any of the unique indexes. The second statement starts
        // after the commit that the first one has waited for. It finds only what this very request has stored: knowing the id and the
        // address of an account does not return the account.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @id AND {HasEmail} AND u.name::text = @name AND u.avatar_url IS NOT DISTINCT FROM @avatarUrl
              AND u.github_id::text IS NOT DISTINCT FROM @gitHubId AND u.google_id::text IS NOT DISTINCT FROM @googleId
              AND u.email_verified = @emailVerified AND u.password_hash IS NULL
            """, Values());
        return await db.WriteBatchAsync(
                sets => sets.FindAsync(Read),
                [new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()), stored],
                cancellationToken)
            .ConfigureAwait(false)
            // Another row conflicts: the insert without ON CONFLICT reports which constraint it violates.
            ?? await db.WriteAsync(Read, $"{Insert} RETURNING {Columns}", Values(), cancellationToken)
                .ConfigureAwait(false)
            ?? throw DuplicateException.OfValue("users_email_key");

        NpgsqlParameter[] Values() =>
        [
            P.Of(id),
            P.Text(user.Name, 255),
            P.Text(email.Canonical, name: "email"),
            P.Of(email.Spellings, "emails"),
            P.TextOrNull(user.AvatarUrl, User.MaxAvatarUrlLength),
            P.TextOrNull(user.GitHubId, 255),
            P.TextOrNull(user.GoogleId, 255),
            P.Of(user.EmailVerified),
            ServerTime.Now(context.Clock),
        ];
    }

    public Task<UserUpdateResult> UpdateAsync(
        Guid userId, UserPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        if (patch.Name.IsGiven)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(patch.Name.Value, "patch.Name");
        }

        // Whether the row holds every value of the patch, as after this very update. Such a row is left alone: a repeated call makes no new
        // version.
        const string HasValues = """
            ((@name::text IS NOT NULL OR @setAvatarUrl) AND u.name::text = coalesce(@name, u.name::text)
              AND (NOT @setAvatarUrl OR u.avatar_url IS NOT DISTINCT FROM @avatarUrl))
            """;
        var update = new Statement($"""
            UPDATE users u
            SET name = coalesce(@name, u.name), avatar_url = CASE WHEN @setAvatarUrl THEN @avatarUrl ELSE u.avatar_url END,
                updated_at = greatest({ServerTime.Present}, u.updated_at + interval '1 microsecond')
            WHERE u.id = @userId AND {IsOpen} AND u.updated_at = coalesce(@expectedVersion, u.updated_at) AND NOT {HasValues}
            RETURNING u.id
            """, [.. Values(), ServerTime.Now(context.Clock), P.Of(userId), P.Owner(userId), P.Of(expectedVersion)]);
        var current = new Statement($"""
            SELECT {Columns}, @expectedVersion::timestamp IS NULL OR u.updated_at = @expectedVersion OR {HasValues}
            FROM users u
            WHERE u.id = @userId AND {IsOpen}
            """, [.. Values(), P.Of(userId), P.Owner(userId), P.Of(expectedVersion)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                var updated = await sets.AnyAsync().ConfigureAwait(false);
                var stored = await sets.FindAsync(row => new { User = Read(row), IsAsAsked = row.Flag() }).ConfigureAwait(false);
                var outcome = updated || stored is { IsAsAsked: true } ? UpdateOutcome.Updated
                    : stored is null ? UpdateOutcome.NotFound
                    : UpdateOutcome.Conflict;
                return new UserUpdateResult(outcome, stored?.User);
            },
            [update, current], cancellationToken);

        NpgsqlParameter[] Values() =>
        [
            P.TextOrNull(patch.Name.IsGiven ? patch.Name.Value : null, 255, "patch.Name"),
            P.Of(patch.AvatarUrl.IsGiven, "setAvatarUrl"),
            P.TextOrNull(patch.AvatarUrl.Or(null), User.MaxAvatarUrlLength, "patch.AvatarUrl"),
        ];
    }

    public async Task<EmailVerificationOutcome> VerifyEmailAsync(Guid userId, string email, CancellationToken cancellationToken)
    {
        var address = await EmailAddress.SoughtAsync(db, email, "email", cancellationToken).ConfigureAwait(false);
        var verify = new Statement($"""
            UPDATE users u
            SET email_verified = TRUE, updated_at = {ServerTime.Present}
            WHERE u.id = @userId AND {IsOpen} AND {HasEmail} AND NOT u.email_verified
            """, ServerTime.Now(context.Clock), P.Of(userId), P.Of(address.Spellings, "emails"));
        var isVerified = new Statement($"""
            SELECT {HasEmail} AND u.email_verified
            FROM users u
            WHERE u.id = @userId AND {IsOpen}
            """, P.Of(userId), P.Of(address.Spellings, "emails"));
        return await db.WriteBatchAsync(
            async sets =>
            {
                var flags = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
                return flags is not [var verified] ? EmailVerificationOutcome.UserNotFound
                    : verified ? EmailVerificationOutcome.Verified
                    : EmailVerificationOutcome.AnotherEmail;
            },
            [verify, isVerified], cancellationToken).ConfigureAwait(false);
    }

    public Task<long> CountClosedAsync(CancellationToken cancellationToken) => AccountClosing.CountAsync(db, cancellationToken);

    public Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken) =>
        new AccountClosing(db, context).CloseAsync(userId, cancellationToken);
}
