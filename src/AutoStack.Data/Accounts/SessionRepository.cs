using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed partial class SessionRepository(Db db, AccountContext context) : ISessionRepository, IPlatformSessionRepository
{
    /// <summary>
    /// When the user of a session <c>s</c> signed in. A row without the value, from another writer or from before the column, has the time
    /// of the first session of its family.
    /// </summary>
    internal const string SignedIn =
        "coalesce(s.signed_in_at, (SELECT f.created_at FROM sessions f WHERE f.id = s.family_id), s.created_at)";

    // Without the token's hash, which no caller reads.
    internal const string Columns = "s.id, s.user_id, s.expires_at, s.created_at, s.family_id, s.rotated_at, s.signed_in_at";

    /// <summary>
    /// Whether a purge removes a session <c>e</c>: it has expired, and if it was rotated, so has every session of its family. While a
    /// session of the family is active, every earlier token must be recognised as used. Needs <c>@now</c>.
    /// </summary>
    internal const string Purgeable = $"""
        e.expires_at <= {ServerTime.Present} AND (e.rotated_at IS NULL OR NOT EXISTS (
            SELECT FROM sessions f
            WHERE f.user_id = e.user_id AND coalesce(f.family_id, f.id) = coalesce(e.family_id, e.id)
              AND f.expires_at > {ServerTime.Present}))
        """;

    // Whether a session s is active. Needs @maxAge and @now. A sign-in also ends at its maximum age where the row expires later: the row
    // may come from another writer, or from before the maximum was set.
    private const string IsActive = $"""
        s.expires_at > {ServerTime.Present} AND s.rotated_at IS NULL
          AND (@maxAge::interval IS NULL OR {SignedIn} > {ServerTime.Present} - @maxAge::interval)
        """;

    // Whether a session s is of another family than the session @except, which may be rotating concurrently: its whole family stays.
    private const string IsOther =
        "coalesce(s.family_id, s.id) IS DISTINCT FROM (SELECT coalesce(k.family_id, k.id) FROM sessions k WHERE k.id = @except)";

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(3650);

    internal static Session Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        ExpiresAt = row.Time(),
        CreatedAt = row.Time(),
        FamilyId = row.GuidOrNull(),
        RotatedAt = row.TimeOrNull(),
        SignedInAt = row.TimeOrNull(),
    };

    /// <summary>Revokes the sessions of the user in <see cref="Chosen.Ids"/>, except one session with its family.</summary>
    internal static Statement RevokeAllOfChosen(Guid? exceptSessionId = null) => new($"""
        DELETE FROM sessions s
        WHERE s.user_id = ANY ({Chosen.Ids}) AND {IsOther}
        """, P.Of(exceptSessionId, "except"));

    /// <summary>
    /// Ends every session of the user in <see cref="Chosen.Ids"/> that could be used. The rotated ones, which can be many, stay: they are
    /// refused.
    /// </summary>
    internal static Statement EndActiveOfChosen() => new($"""
        DELETE FROM sessions s
        WHERE s.user_id = ANY ({Chosen.Ids}) AND s.rotated_at IS NULL
        """);

    /// <summary>Removes some sessions of a user, and returns their ids.</summary>
    internal static Statement RemoveSome(Guid userId, int limit) => new("""
        DELETE FROM sessions s
        WHERE s.id = ANY (ARRAY(
            SELECT e.id
            FROM sessions e
            WHERE e.user_id = @userId
            ORDER BY e.id
            LIMIT @limit
            FOR UPDATE SKIP LOCKED
        ))
        RETURNING s.id
        """, P.Of(userId), P.Of(limit));

    public Task<SessionWithUser?> FindActiveAsync(SessionToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return db.FindAsync(ReadWithUser, $"""
            SELECT {Columns}, {UserRepository.Columns}
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            WHERE s.token::text = ANY (@tokens) AND {IsActive}
            """, [P.Of(StoredOf(token), "tokens"), MaxAge(), ServerTime.Now(context.Clock)], cancellationToken);
    }

    public Task<IReadOnlyList<Session>> ListActiveAsync(Guid userId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM sessions s
            WHERE s.user_id = @ownerId AND {IsActive} AND {AccountState.OwnerIsOpen}
            ORDER BY s.created_at DESC, s.id DESC
            LIMIT @limit
            """,
            [P.Owner(userId), MaxAge(), ServerTime.Now(context.Clock), P.Of(ISessionRepository.MaxListSize, "limit")],
            cancellationToken);

    public async Task<IssuedSession> AddAsync(NewSession session, CancellationToken cancellationToken) =>
        (await AddAsync(session, verified: null, cancellationToken).ConfigureAwait(false))!;

    public async Task<SessionIssueResult> AddVerifiedAsync(NewSession session, PasswordHash verified, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(verified);
        return await AddAsync(session, verified, cancellationToken).ConfigureAwait(false) is { } issued
            ? new SessionIssueResult(SessionIssueOutcome.Issued, issued)
            : new SessionIssueResult(SessionIssueOutcome.Superseded, Issued: null);
    }

    public Task<RotationResult> RotateAsync(RotationRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(request.Presented);
        CheckLifetime(request.Lifetime);
        var tokens = StoredOf(request.Presented);
        return new SessionRotation(request, tokens, context).RunAsync(db, LockUserOf(tokens), cancellationToken);
    }

    public Task<bool> RevokeAsync(SessionToken token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        var tokens = StoredOf(token);

        // The whole family, not only the row: the token may have been rotated, just now or by a thief, and the sessions that the rotation
        // created must end with it.
        var revoke = new Statement("""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token::text = ANY (@tokens) AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
            RETURNING f.id
            """, P.Of(tokens));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false) || sets.IsRepeated;
            },
            [LockUserOf(tokens), revoke], cancellationToken);
    }

    public Task<int> RevokeAllAsync(Guid userId, Guid? exceptSessionId, CancellationToken cancellationToken) =>
        db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return (await sets.ListAsync(row => row.Guid()).ConfigureAwait(false)).Count;
            },
            [
                UserRepository.Lock(userId),
                new Statement($"""
                    DELETE FROM sessions s
                    WHERE s.user_id = @ownerId AND {IsOther} AND {AccountState.OwnerIsOpen}
                    RETURNING s.id
                    """, P.Owner(userId), P.Of(exceptSessionId, "except")),
            ], cancellationToken);

    public Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM sessions s
            WHERE s.id = ANY (ARRAY(
                SELECT e.id
                FROM sessions e
                WHERE {Purgeable}
                ORDER BY e.expires_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """,
            [ServerTime.Now(context.Clock), P.Of(Limit.Check(limit, IPlatformSessionRepository.MaxPurgeSize), nameof(limit))],
            cancellationToken);

    internal static SessionWithUser ReadWithUser(RowReader row) => new(Read(row), UserRepository.Read(row));

    // Serialises rotations and revocations of one user's sessions: the family that ends must contain the session that a concurrent rotation
    // creates. It is a statement of its own, so that the next ones see what was committed before the lock.
    private static Statement LockUserOf(string[] tokens) => new("""
        SELECT 1
        FROM users u
        WHERE u.id IN (SELECT s.user_id FROM sessions s WHERE s.token::text = ANY (@tokens))
        FOR NO KEY UPDATE
        """, P.Of(tokens));

    private async Task<IssuedSession?> AddAsync(NewSession session, PasswordHash? verified, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        CheckLifetime(session.Lifetime);
        Ids.Check(session.UserId, "session.UserId");
        const string IsVerified =
            "(@verified IS NULL OR EXISTS (SELECT FROM users u WHERE u.id = @userId AND u.password_hash::text = @verified))";
        const string Insert = $"""
            INSERT INTO sessions AS s (id, user_id, token, expires_at, created_at, signed_in_at, client_key_hash, sealed_token)
            SELECT @id, @userId, @token, {ServerTime.Present} + @lifetime::interval, {ServerTime.Present}, {ServerTime.Present},
                @client, @sealed
            WHERE {IsVerified} AND NOT EXISTS (SELECT FROM users u WHERE u.id = @userId AND u.closed_at IS NOT NULL)
            """;
        var (id, token, lifetime) = (Ids.Of(session.Id, "session.Id"), SessionToken.New(), context.Options.Cap(session.Lifetime));

        // ON CONFLICT has no target: a concurrent copy of this request may meet either unique index. The statements after the insert start
        // after the commit that it has waited for. They find what this call has stored, or what an earlier call of the same client has,
        // whose token opens with the client's key.
        Statement[] attempt =
        [
            new Statement($"{Insert} ON CONFLICT DO NOTHING", Values()),
            new Statement($"""
                SELECT {Columns}, s.token::text = @token, s.sealed_token
                FROM sessions s
                WHERE s.id = @id AND s.user_id = @userId AND s.rotated_at IS NULL
                  AND (s.token::text = @token OR s.client_key_hash::text = @client AND s.expires_at > {ServerTime.Present})
                  AND {IsVerified}
                """,
                P.Of(id),
                P.Of(session.UserId),
                P.Text(token.Hash, name: "token"),
                P.TextOrNull(session.Client?.Hash, name: "client"),
                P.TextOrNull(verified?.Reveal(), name: "verified"),
                ServerTime.Now(context.Clock)),
            .. EndOldest(session.UserId, id),
        ];
        var found = await LockedAsync(row => (Session: Read(row), IsNew: row.Flag(), Sealed: row.TextOrNull()), attempt)
            .ConfigureAwait(false);
        if (found is [var (stored, isNew, text)]
            && (isNew ? token : text is null ? null : session.Client?.Open(text, SealContext(id))) is { } valid)
        {
            return new IssuedSession(stored, valid);
        }

        // The password was changed, the account is closed, or another row conflicts: the insert without ON CONFLICT reports which
        // constraint it violates.
        var inserted = await LockedAsync(Read, [new Statement($"{Insert} RETURNING {Columns}", Values())]).ConfigureAwait(false);
        return inserted is [var added] ? new IssuedSession(added, token)
            : verified is null ? throw MissingReferenceException.Of("sessions_user_id_fkey")
            : null;

        // Locks the user's row first: a concurrent revocation or password change waits for this insert, or this insert sees its result.
        Task<IReadOnlyList<T>> LockedAsync<T>(Func<RowReader, T> read, Statement[] statements) => db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.ListAsync(read).ConfigureAwait(false);
            },
            [UserRepository.Lock(session.UserId), .. statements], cancellationToken,
            verified is null ? nameof(AddAsync) : nameof(AddVerifiedAsync));

        NpgsqlParameter[] Values() =>
        [
            P.Of(id),
            P.Of(session.UserId),
            P.Text(token.Hash, name: "token"),
            P.Of(lifetime),
            P.TextOrNull(session.Client?.Hash, name: "client"),
            P.TextOrNull(session.Client?.Seal(token, SealContext(id)), name: "sealed"),
            P.TextOrNull(verified?.Reveal(), name: "verified"),
            ServerTime.Now(context.Clock),
        ];
    }

    // Ends the sign-ins beyond the limit whose last rotation is the oldest, and never the one that is being added.
    private Statement[] EndOldest(Guid userId, Guid id) => context.Options.MaxSignIns is not { } max ? [] :
    [
        new Statement($"""
            DELETE FROM sessions f
            USING (
                SELECT coalesce(s.family_id, s.id) AS family_id
                FROM sessions s
                WHERE s.user_id = @userId AND s.rotated_at IS NULL AND s.expires_at > {ServerTime.Present}
                ORDER BY s.id = @id DESC, s.created_at DESC, s.id DESC
                OFFSET @max
            ) o
            WHERE f.user_id = @userId AND coalesce(f.family_id, f.id) = o.family_id
            """, P.Of(userId), P.Of(id), P.Of((long)max, "max"), ServerTime.Now(context.Clock)),
    ];

    private NpgsqlParameter MaxAge() => P.Of(context.Options.MaxSignInAge, "maxAge");

    private static string SealContext(Guid id) => $"session {id:D}";

    private string[] StoredOf(SessionToken token) => token.Stored(context.Secrets.AcceptsClear);

    private static void CheckLifetime(TimeSpan lifetime, [CallerArgumentExpression(nameof(lifetime))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime, name);
    }
}
