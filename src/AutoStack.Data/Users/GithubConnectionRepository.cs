using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

internal sealed class GithubConnectionRepository(Db db, TimeProvider clock, SecretProtector secrets) : IGithubConnectionRepository
{
    // Without the tokens, which most callers do not need.
    internal const string Columns = "g.id, g.user_id, g.github_username, g.token_expires_at, g.scope, g.connected_at";

    // The row is known by its user, who has one at the most: the id of a row that is there already is not known when it is written.
    private const string AccessToken = "github_connections.github_access_token";
    private const string RefreshToken = "github_connections.github_refresh_token";

    internal static SecretColumn AccessTokens { get; } = new(
        AccessToken,
        (prefix, after, limit) => new Statement("""
            SELECT g.id, g.user_id, g.github_access_token
            FROM github_connections g
            WHERE g.id > @after AND NOT starts_with(g.github_access_token, @prefix)
            ORDER BY g.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        (id, old, renewed) => new Statement("""
            UPDATE github_connections g
            SET github_access_token = @renewed
            WHERE g.id = @id AND g.github_access_token = @old
            """, P.Of(id), P.Text(old), P.Text(renewed)));

    internal static SecretColumn RefreshTokens { get; } = new(
        RefreshToken,
        (prefix, after, limit) => new Statement("""
            SELECT g.id, g.user_id, g.github_refresh_token
            FROM github_connections g
            WHERE g.id > @after AND NOT starts_with(g.github_refresh_token, @prefix)
            ORDER BY g.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        (id, old, renewed) => new Statement("""
            UPDATE github_connections g
            SET github_refresh_token = @renewed
            WHERE g.id = @id AND g.github_refresh_token = @old
            """, P.Of(id), P.Text(old), P.Text(renewed)));

    /// <summary>Removes the connection of the account that this transaction has proved, unless it is kept.</summary>
    internal static Statement RemoveOfProved(AccountLinks keep) => new($"""
        DELETE FROM github_connections g
        WHERE g.user_id = {ProvedAccount.Id} AND NOT @kept
        """, P.Of(keep.HasFlag(AccountLinks.GithubConnection), "kept"));

    internal static GithubConnection Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        GithubUsername = row.TextOrNull(),
        TokenExpiresAt = row.TimeOrNull(),
        Scope = row.TextOrNull() is { } scope ? GithubScopes.Parse(scope) : null,
        ConnectedAt = row.Time(),
    };

    public Task<GithubConnection?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM github_connections g
            WHERE g.user_id = @userId
            """, [P.Of(userId)], cancellationToken);

    public async Task<GithubTokens?> FindTokensAsync(Guid userId, CancellationToken cancellationToken)
    {
        var stored = await db.FindAsync(
            row => new { Access = row.Text(), Refresh = row.TextOrNull(), ExpiresAt = row.TimeOrNull(), Scope = row.TextOrNull(), Username = row.TextOrNull() }, """
            SELECT g.github_access_token, g.github_refresh_token, g.token_expires_at, g.scope, g.github_username
            FROM github_connections g
            WHERE g.user_id = @userId
            """, [P.Of(userId)], cancellationToken).ConfigureAwait(false);

        // Opened when the statement is over: one that does not open is no failure of the statement, and no end of a unit of work.
        return stored is null ? null : new GithubTokens
        {
            AccessToken = secrets.Open(stored.Access, AccessToken, userId)!,
            RefreshToken = secrets.Open(stored.Refresh, RefreshToken, userId),
            ExpiresAt = stored.ExpiresAt,
            Scope = stored.Scope is { } scope ? GithubScopes.Parse(scope) : null,
            GithubUsername = stored.Username,
        };
    }

    public Task<IReadOnlyList<GithubConnection>> ListExpiringAsync(
        DateTimeOffset before, int limit, GithubConnectionCursor after, CancellationToken cancellationToken) =>
        db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM github_connections g
            WHERE g.token_expires_at < @before AND g.github_refresh_token IS NOT NULL AND (g.token_expires_at, g.id) > (@tokenExpiresAt, @id)
            ORDER BY g.token_expires_at, g.id
            LIMIT @limit
            """,
            [P.Of(before), P.Of(after.TokenExpiresAt), P.Of(after.Id), P.Of(Limit.Check(limit, IGithubConnectionRepository.MaxListSize), nameof(limit))],
            cancellationToken);

    public async Task<GithubConnection> SetAsync(Guid userId, GithubTokens tokens, CancellationToken cancellationToken)
    {
        var (access, refresh) = Protect(userId, tokens);
        return (await db.WriteAsync(Read, $"""
            INSERT INTO github_connections AS g (
                id, user_id, github_username, github_access_token, github_refresh_token, token_expires_at, scope, connected_at)
            VALUES (@id, @userId, @username, @access, @refresh, @expiresAt, @scope, @now)
            ON CONFLICT (user_id) DO UPDATE
            SET github_username = coalesce(excluded.github_username, g.github_username), github_access_token = excluded.github_access_token,
                github_refresh_token = excluded.github_refresh_token, token_expires_at = excluded.token_expires_at,
                scope = coalesce(excluded.scope, g.scope), connected_at = excluded.connected_at
            RETURNING {Columns}
            """,
            [
                P.Of(Ids.New(), "id"),
                P.Of(userId),
                P.TextOrNull(tokens.GithubUsername, 255, "username"),
                P.Text(access),
                P.TextOrNull(refresh),
                P.Of(tokens.ExpiresAt),
                P.TextOrNull(tokens.Scope?.ToString(), name: "scope"),
                P.Of(clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false))!;
    }

    public Task<GithubConnection?> RefreshAsync(GithubConnection connection, GithubTokens tokens, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var (access, refresh) = Protect(connection.UserId, tokens);
        var now = clock.Now();
        return db.WriteAsync(Read, $"""
            UPDATE github_connections g
            SET github_username = coalesce(@username, g.github_username), github_access_token = @access, github_refresh_token = @refresh,
                token_expires_at = @expiresAt, scope = coalesce(@scope, g.scope),
                connected_at = greatest(@now, g.connected_at + interval '1 microsecond')
            WHERE g.id = @id AND g.connected_at = @connectedAt
            RETURNING {Columns}
            """,
            [
                P.TextOrNull(tokens.GithubUsername, 255, "username"),
                P.Text(access),
                P.TextOrNull(refresh),
                P.Of(tokens.ExpiresAt),
                P.TextOrNull(tokens.Scope?.ToString(), name: "scope"),
                P.Of(now),
                P.Of(connection.Id),
                P.Of(connection.ConnectedAt),
            ], cancellationToken);
    }

    public async Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            DELETE FROM github_connections g
            WHERE g.user_id = @userId
            """, [P.Of(userId)], cancellationToken).ConfigureAwait(false) == 1;

    private (string Access, string? Refresh) Protect(Guid userId, GithubTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(tokens.AccessToken);
        return (secrets.Protect(tokens.AccessToken, AccessToken, userId)!, secrets.Protect(tokens.RefreshToken, RefreshToken, userId));
    }
}
