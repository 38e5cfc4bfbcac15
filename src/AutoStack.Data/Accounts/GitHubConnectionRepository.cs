using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed partial class GitHubConnectionRepository(Db db, AccountContext context)
    : IGitHubConnectionRepository, IPlatformGitHubConnectionRepository
{
    // Without the tokens, which most callers do not need.
    internal const string Columns = "g.id, g.user_id, g.github_username, g.token_expires_at, g.scope, g.connected_at";

    private const string StoredTokens =
        "g.github_access_token, g.github_access_token_version, g.github_refresh_token, g.github_refresh_token_version";

    /// <summary>Removes the connection of the user in <see cref="Chosen.Ids"/>, unless <paramref name="keep"/> names it.</summary>
    internal static Statement RemoveOfChosen(AccountLinks keep) => new($"""
        DELETE FROM github_connections g
        WHERE g.user_id = ANY ({Chosen.Ids}) AND NOT @kept
        """, P.Of(keep.HasFlag(AccountLinks.GitHubConnection), "kept"));

    internal static GitHubConnection Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        GitHubUsername = row.TextOrNull(),
        TokenExpiresAt = row.TimeOrNull(),
        Scope = row.TextOrNull() is { } scope ? GitHubScopes.Parse(scope) : null,
        ConnectedAt = row.Time(),
    };

    public Task<GitHubConnection?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM github_connections g
            WHERE g.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Owner(userId)], cancellationToken);

    public async Task<GitHubTokens?> FindTokensAsync(Guid userId, CancellationToken cancellationToken) =>
        Open(await db.FindAsync(ReadWithTokens, $"""
            SELECT {Columns}, {StoredTokens}
            FROM github_connections g
            WHERE g.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Owner(userId)], cancellationToken).ConfigureAwait(false));

    public async Task<Page<GitHubConnection>> ListExpiringAsync(
        DateTimeOffset before, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IPlatformGitHubConnectionRepository.MaxListSize);
        var (expiresAt, id) = cursor.ToMoment() ?? (Time.NegativeInfinity, Guid.Empty);
        var rows = await db.ListAsync(row => (Read(row), row.Long()), $"""
            SELECT {Columns}, g.token_expires_at
            FROM github_connections g
            WHERE g.token_expires_at < @before AND g.github_refresh_token IS NOT NULL AND (g.token_expires_at, g.id) > (@expiresAt, @id)
            ORDER BY g.token_expires_at, g.id
            LIMIT @limit
            """,
            [P.Of(before), P.Moment(expiresAt), P.Of(id), P.Of(limit + 1, "limit")],
            cancellationToken).ConfigureAwait(false);
        return Page<GitHubConnection>.OfMoments(rows, limit, row => row.Id);
    }

    public async Task<GitHubConnection> ConnectAsync(Guid userId, GitHubTokens tokens, CancellationToken cancellationToken)
    {
        // Each call stores an id of its own, by which its repetition finds its own connection: tokens that were refreshed since stay.
        var id = Ids.New();
        var connect = new Statement($"""
            INSERT INTO github_connections AS g (
                id, user_id, github_username, github_access_token, github_access_token_version,
                github_refresh_token, github_refresh_token_version, token_expires_at, scope, connected_at)
            SELECT @id, @ownerId, @username, @access, @accessVersion, @refresh, @refreshVersion, @expiresAt, @scope, {ServerTime.Present}
            WHERE {AccountState.OwnerIsOpen}
            ON CONFLICT (user_id) DO UPDATE
            SET id = excluded.id, github_username = coalesce(excluded.github_username, g.github_username),
                github_access_token = excluded.github_access_token,
                github_access_token_version = excluded.github_access_token_version, github_refresh_token = excluded.github_refresh_token,
                github_refresh_token_version = excluded.github_refresh_token_version, token_expires_at = excluded.token_expires_at,
                scope = coalesce(excluded.scope, g.scope),
                connected_at = greatest(excluded.connected_at, g.connected_at + interval '1 microsecond')
            WHERE g.id <> excluded.id
            """, [P.Of(id), P.Owner(userId), ServerTime.Now(context.Clock), .. Protect(userId, tokens)]);
        var current = new Statement($"""
            SELECT {Columns}
            FROM github_connections g
            WHERE g.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, P.Owner(userId));
        return await Retries.UntilConsistentAsync(async () =>
        {
            var connected = await db.WriteBatchAsync(
                sets => sets.FindAsync(Read), [connect, current], cancellationToken, nameof(ConnectAsync)).ConfigureAwait(false);
            if (connected is null)
            {
                await AccountClosing.ThrowIfClosedAsync(
                    db, userId, "github_connections_user_id_fkey", cancellationToken, nameof(ConnectAsync)).ConfigureAwait(false);
            }

            return connected;
        }).ConfigureAwait(false);
    }

    public async Task<GitHubRefreshResult> RefreshAsync(
        GitHubConnection connection, GitHubTokens tokens, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var refresh = new Statement($"""
            UPDATE github_connections g
            SET github_username = coalesce(@username, g.github_username), github_access_token = @access,
                github_access_token_version = @accessVersion, github_refresh_token = @refresh,
                github_refresh_token_version = @refreshVersion, token_expires_at = @expiresAt,
                scope = coalesce(@scope, g.scope), connected_at = greatest({ServerTime.Present}, g.connected_at + interval '1 microsecond')
            WHERE g.id = @id AND g.user_id = @ownerId AND g.connected_at = @connectedAt AND {AccountState.OwnerIsOpen}
            RETURNING g.id
            """,
            [
                P.Of(connection.Id),
                P.Owner(connection.UserId),
                P.Of(connection.ConnectedAt),
                ServerTime.Now(context.Clock),
                .. Protect(connection.UserId, tokens),
            ]);
        var current = new Statement($"""
            SELECT {Columns}, {StoredTokens}
            FROM github_connections g
            WHERE g.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, P.Owner(connection.UserId));
        var (refreshed, stored) = await db.WriteBatchAsync(
            async sets => (await sets.AnyAsync().ConfigureAwait(false), await sets.FindAsync(ReadWithTokens).ConfigureAwait(false)),
            [refresh, current], cancellationToken).ConfigureAwait(false);
        var outcome = refreshed ? UpdateOutcome.Updated
            : stored is null ? UpdateOutcome.NotFound
            : stored.Connection.Id == connection.Id && Holds(stored, tokens) ? UpdateOutcome.Updated
            : UpdateOutcome.Conflict;
        return new GitHubRefreshResult(outcome, stored?.Connection);
    }

    public Task<bool> RemoveAsync(Guid userId, CancellationToken cancellationToken) =>
        db.WriteOnceAsync($"""
            DELETE FROM github_connections g
            WHERE g.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Owner(userId)], cancellationToken);

    private static StoredConnection ReadWithTokens(RowReader row) => new(Read(row), StoredSecret.Read(row), StoredSecret.Read(row));

    // Decrypted after the statement: a token that does not open is not a failure of the statement, and does not end a unit of work.
    private GitHubTokens? Open(StoredConnection? stored) => stored is null ? null : new GitHubTokens
    {
        AccessToken = context.Secrets.Open(stored.Access, AccessTokenOf(stored.Connection.UserId))!,
        RefreshToken = context.Secrets.Open(stored.Refresh, RefreshTokenOf(stored.Connection.UserId)),
        ExpiresAt = stored.Connection.TokenExpiresAt,
        Scope = stored.Connection.Scope,
        GitHubUsername = stored.Connection.GitHubUsername,
    };

    // Whether the tokens are stored, as after this very refresh: nobody but GitHub issues them. The encrypted values never compare equal.
    private bool Holds(StoredConnection stored, GitHubTokens tokens)
    {
        try
        {
            return Open(stored) is { } held && AreEqual(held.AccessToken, tokens.AccessToken)
                && AreEqual(held.RefreshToken, tokens.RefreshToken)
                && held.ExpiresAt == (tokens.ExpiresAt is { } time ? Time.Truncate(time) : null)
                && (tokens.Scope is null || held.Scope?.ToString() == tokens.Scope.ToString())
                && (tokens.GitHubUsername is null || held.GitHubUsername == tokens.GitHubUsername);
        }
        catch (SecretUnreadableException)
        {
            return false;
        }

        static bool AreEqual(Secret? left, Secret? right) =>
            string.Equals(left?.Reveal(), right?.Reveal(), StringComparison.Ordinal);
    }

    /// <summary>The parameters of tokens as they are stored.</summary>
    private NpgsqlParameter[] Protect(Guid userId, GitHubTokens tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(tokens.AccessToken);
        P.Fitting(tokens.AccessToken.Reveal(), GitHubTokens.MaxTokenLength, "tokens.AccessToken");
        P.Fitting(tokens.RefreshToken?.Reveal() ?? "", GitHubTokens.MaxTokenLength, "tokens.RefreshToken");
        P.Fitting(tokens.GitHubUsername ?? "", 255, "tokens.GitHubUsername");
        var access = context.Secrets.Protect(tokens.AccessToken, AccessTokenOf(userId));
        var refresh = context.Secrets.Protect(tokens.RefreshToken, RefreshTokenOf(userId));
        return
        [
            P.TextOrNull(tokens.GitHubUsername, name: "username"),
            P.Text(access.Value!, name: "access"),
            P.Of(access.Version, "accessVersion"),
            P.TextOrNull(refresh.Value, name: "refresh"),
            P.Of(refresh.Version, "refreshVersion"),
            P.Of(tokens.ExpiresAt),
            P.TextOrNull(tokens.Scope?.ToString(), GitHubTokens.MaxScopeLength, "tokens.Scope"),
        ];
    }

    private static SecretPlace AccessTokenOf(Guid userId) => new(AccessTokens.Name, userId);

    private static SecretPlace RefreshTokenOf(Guid userId) => new(RefreshTokens.Name, userId);

    private sealed record StoredConnection(GitHubConnection Connection, StoredSecret Access, StoredSecret Refresh);
}
