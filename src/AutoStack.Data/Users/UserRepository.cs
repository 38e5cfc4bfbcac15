using AutoStack.Data.Internal;

namespace AutoStack.Data.Users;

internal sealed class UserRepository(Db db, TimeProvider clock) : IUserRepository
{
    // Without password_hash, which no caller of these methods needs.
    internal const string Columns = "u.id, u.name, u.email, u.avatar_url, u.github_id, u.google_id, u.email_verified, u.created_at, u.updated_at";

    internal static User Read(RowReader row) => new()
    {
        Id = row.Guid(),
        Name = row.Text(),
        Email = row.Text(),
        AvatarUrl = row.TextOrNull(),
        GithubId = row.TextOrNull(),
        GoogleId = row.TextOrNull(),
        EmailVerified = row.Flag(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
    };

    public Task<User?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @id
            """, [P.Of(id)], cancellationToken);

    public Task<User?> FindByEmailAsync(string email, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(email);
        return db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM users u
            WHERE lower(u.email) = lower(@email)
            """, [P.Text(email.Trim(), name: nameof(email))], cancellationToken);
    }

    public async Task<User> AddAsync(NewUser user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Email);
        var id = user.Id ?? Ids.New();
        var email = user.Email.Trim().ToLowerInvariant();
        return await db.AddAsync(Read, $"""
            INSERT INTO users AS u (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            VALUES (@id, @name, @email, @avatarUrl, @githubId, @googleId, @emailVerified, @now, @now)
            ON CONFLICT (id) DO UPDATE
            SET id = excluded.id
            WHERE lower(u.email) = lower(excluded.email)
            RETURNING {Columns}
            """,
            [
                P.Of(id),
                P.Text(user.Name, 255),
                P.Text(email, 255),
                P.TextOrNull(user.AvatarUrl),
                P.TextOrNull(user.GithubId, 255),
                P.TextOrNull(user.GoogleId, 255),
                P.Of(user.EmailVerified),
                P.Of(clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false) ?? throw DuplicateException.OfId("users_pkey");
    }
}
