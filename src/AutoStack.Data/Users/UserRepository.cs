using AutoStack.Data.Internal;
using Npgsql;

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
            WHERE lower(u.email) = @email
            """, [P.Text(email.Trim().ToLowerInvariant(), name: nameof(email))], cancellationToken);
    }

    public async Task<User> AddAsync(NewUser user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Name);
        ArgumentException.ThrowIfNullOrWhiteSpace(user.Email);
        const string Insert = """
            INSERT INTO users AS u (id, name, email, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
            VALUES (@id, @name, @email, @avatarUrl, @githubId, @googleId, @emailVerified, @now, @now)
            """;
        var id = user.Id ?? Ids.New();
        var email = user.Email.Trim().ToLowerInvariant();
        var now = clock.Now();

        // No target: the same request at the same moment may be noticed by any of the unique indexes. The second statement starts after the commit
        // that the first has waited for.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM users u
            WHERE u.id = @id AND lower(u.email) = @email
            """, P.Of(id), P.Text(email));
        return await db.WriteBatchAsync(
                sets => sets.FindAsync(Read), [new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()), stored], Repeat.WhenConnectionIsLost, cancellationToken)
            .ConfigureAwait(false)
            // Somebody else's row is in the way: the plain insert says which rule it breaks.
            ?? (await db.AddAsync(Read, $"{Insert} RETURNING {Columns}", Values(), cancellationToken).ConfigureAwait(false))!;

        NpgsqlParameter[] Values() =>
        [
            P.Of(id),
            P.Text(user.Name, 255),
            P.Text(email, 255),
            P.TextOrNull(user.AvatarUrl),
            P.TextOrNull(user.GithubId, 255),
            P.TextOrNull(user.GoogleId, 255),
            P.Of(user.EmailVerified),
            P.Of(now),
        ];
    }
}
