using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class SignInThrottle(Db db, AccountContext context) : ISignInThrottle, IPlatformSignInThrottle
{
    /// <summary>Whether a purge removes a count <c>e</c>. Needs <c>@now</c>.</summary>
    internal const string Purgeable = $"e.expires_at <= {ServerTime.Present}";

    // Whether the client @client has a session of the account @emails.
    private const string IsKnown = """
        EXISTS (
            SELECT
            FROM users u
            JOIN sessions s ON s.user_id = u.id
            WHERE pg_catalog.lower(u.email::text COLLATE "C") = ANY (@emails) AND s.client_key_hash::text = @client)
        """;

    // Whether the attempt has no id, or its row. Needs @ofAttempt.
    private const string IsAcquired =
        "(@ofAttempt::text IS NULL OR EXISTS (SELECT FROM sign_in_attempts m WHERE m.subject_hash::text = @ofAttempt))";

    // How often an attempt with one id is counted once.
    private const int MaxTold = 3;

    private readonly SignInThrottleOptions options = context.Options.Throttle;

    public async Task<SignInAttemptResult> AcquireAsync(SignInAttempt attempt, CancellationToken cancellationToken)
    {
        var subjects = await SubjectsAsync(attempt, cancellationToken).ConfigureAwait(false);
        if (!options.Enabled)
        {
            return new SignInAttemptResult(SignInAttemptOutcome.Allowed, LockedUntil: null);
        }

        // An address that is locked out stores nothing, or it could invent accounts without end. The other counts follow one another, each
        // only when the one before allows the attempt: attempts of a place that is locked out do not use up those of the account. A count
        // that has reached its limit stays until expires_at; a count of one more than the limit records a refusal. The server locks the
        // row, so that concurrent attempts are counted one by one. An allowed attempt with an id has a row of its own, by which a repeated
        // call is answered without another count; only MaxTold times, or who chose the id could try passwords without end.
        var count = new Statement($"""
            WITH told AS (
                UPDATE sign_in_attempts a
                SET attempts = a.attempts + 1
                WHERE a.subject_hash::text = @ofAttempt AND a.expires_at > {ServerTime.Present} AND a.attempts < @maxTold
                RETURNING a.attempts
            ), known AS (
                SELECT {IsKnown} AS is_known
                WHERE NOT EXISTS (SELECT FROM told)
            ), locked AS (
                SELECT a.expires_at
                FROM sign_in_attempts a, known k
                WHERE NOT k.is_known AND a.subject_hash::text = @ofAddress AND a.expires_at > {ServerTime.Present}
                  AND a.attempts >= @maxAttemptsOfAddress
            ), place AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT CASE WHEN k.is_known THEN @ofClient ELSE @ofPlace END, 1, {ServerTime.Present} + @lockout::interval
                FROM known k
                WHERE NOT EXISTS (SELECT FROM locked)
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttempts) + 1 END,
                    expires_at = CASE
                        WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttempts THEN a.expires_at
                        ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttempts AS is_allowed, a.expires_at
            ), address AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT @ofAddress, 1, {ServerTime.Present} + @lockout::interval
                FROM place p, known k
                WHERE p.is_allowed AND NOT k.is_known
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttemptsOfAddress) + 1 END,
                    expires_at = CASE
                        WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttemptsOfAddress THEN a.expires_at
                        ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttemptsOfAddress AS is_allowed, a.expires_at
            ), account AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT @ofAccount, 1, {ServerTime.Present} + @lockout::interval
                FROM address d
                WHERE d.is_allowed
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttemptsOfAccount) + 1 END,
                    expires_at = CASE
                        WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttemptsOfAccount THEN a.expires_at
                        ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttemptsOfAccount AS is_allowed, a.expires_at
            ), counted AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT @ofAttempt, 1, {ServerTime.Present} + @lockout::interval
                FROM place p, known k
                WHERE @ofAttempt::text IS NOT NULL AND p.is_allowed AND (k.is_known OR EXISTS (SELECT FROM account c WHERE c.is_allowed))
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = 1, expires_at = excluded.expires_at
                WHERE a.expires_at <= {ServerTime.Present}
            )
            SELECT pg_catalog.bool_and(c.is_allowed), pg_catalog.max(c.expires_at) FILTER (WHERE NOT c.is_allowed)
            FROM (
                SELECT TRUE AS is_allowed, NULL::timestamp AS expires_at FROM told
                UNION ALL
                SELECT FALSE, l.expires_at FROM locked l
                UNION ALL
                SELECT p.is_allowed, p.expires_at FROM place p
                UNION ALL
                SELECT d.is_allowed, d.expires_at FROM address d
                UNION ALL
                SELECT a.is_allowed, a.expires_at FROM account a
            ) c
            """,
            [
                .. subjects.Parameters,
                P.Of(options.Lockout),
                P.Of(options.MaxAttempts),
                P.Of(options.MaxAttemptsOfAddress),
                P.Of(options.MaxAttemptsOfAccount),
                P.Of(MaxTold),
                ServerTime.Now(context.Clock),
            ]);

        // A repetition waits for the first call, which the server may still be carrying out.
        var wait = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock('sign_in_attempts'::regclass::oid::int, pg_catalog.hashtext(@ofAttempt))
            """, subjects.OfAttempt());
        var counted = await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.FindAsync(row => new SignInAttemptResult(
                    row.Flag() ? SignInAttemptOutcome.Allowed : SignInAttemptOutcome.LockedOut, row.TimeOrNull())).ConfigureAwait(false);
            },
            [wait, count], cancellationToken).ConfigureAwait(false);
        return counted!;
    }

    public async Task RecordSuccessAsync(SignInAttempt attempt, CancellationToken cancellationToken)
    {
        var subjects = await SubjectsAsync(attempt, cancellationToken).ConfigureAwait(false);
        if (!options.Enabled)
        {
            return;
        }

        // Locks the rows in the order in which an attempt locks them. The count of the address loses this attempt only, or the owner of any
        // account could reset it at will. The row of the place proves that the attempt was counted there: the client may have got a session
        // meanwhile, or lost it. The row of an attempt with an id goes with the first call: a repeated one forgets no later attempt.
        await db.WriteBatchAsync(
            _ => Task.FromResult(true),
            [
                new Statement($"""
                    WITH counted AS (
                        DELETE FROM sign_in_attempts a
                        WHERE a.subject_hash::text IN (@ofPlace, @ofClient) AND {IsAcquired}
                        RETURNING a.subject_hash::text AS subject
                    )
                    UPDATE sign_in_attempts a
                    SET attempts = a.attempts - 1
                    WHERE a.subject_hash::text = @ofAddress AND a.attempts > 0
                      AND EXISTS (SELECT FROM counted c WHERE c.subject = @ofPlace)
                    """, subjects.Place, subjects.Client, subjects.Address, subjects.OfAttempt()),
                new Statement($"""
                    DELETE FROM sign_in_attempts a
                    WHERE a.subject_hash::text = @ofAccount AND {IsAcquired}
                    """, subjects.Account, subjects.OfAttempt()),
                new Statement("""
                    DELETE FROM sign_in_attempts a
                    WHERE a.subject_hash::text = @ofAttempt
                    """, subjects.OfAttempt()),
            ], cancellationToken).ConfigureAwait(false);
    }

    public Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM sign_in_attempts a
            WHERE a.subject_hash::text = ANY (ARRAY(
                SELECT e.subject_hash::text
                FROM sign_in_attempts e
                WHERE {Purgeable}
                ORDER BY e.expires_at, e.subject_hash
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """,
            [ServerTime.Now(context.Clock), P.Of(Limit.Check(limit, IPlatformSignInThrottle.MaxPurgeSize), nameof(limit))],
            cancellationToken);

    // The subjects are stored as hashes: people type passwords into the field of the e-mail address.
    private async Task<Subjects> SubjectsAsync(SignInAttempt attempt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        ArgumentNullException.ThrowIfNull(attempt.Address);
        if (attempt.Id is { } given)
        {
            Ids.Check(given, "attempt.Id");
        }

        var account = await EmailAddress.SoughtAsync(db, attempt.Email, "attempt.Email", cancellationToken).ConfigureAwait(false);
        var (place, client) = (PlaceOf(attempt.Address), attempt.Client?.Hash);
        return new Subjects(
            P.Of(account.Spellings, "emails"),
            P.TextOrNull(client),
            P.Text(OpaqueToken.Hash($"place\n{account.Canonical}\n{place}"), name: "ofPlace"),
            P.Text(OpaqueToken.Hash($"client\n{account.Canonical}\n{client}"), name: "ofClient"),
            P.Text(OpaqueToken.Hash($"address\n{place}"), name: "ofAddress"),
            P.Text(OpaqueToken.Hash($"account\n{account.Canonical}"), name: "ofAccount"),
            attempt.Id is { } id ? OpaqueToken.Hash($"attempt\n{id:N}\n{account.Canonical}\n{place}\n{client}") : null);
    }

    // The address in hexadecimal; of an IPv6 address the first 64 bits.
    private static string PlaceOf(IPAddress address)
    {
        var ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        var bytes = ip.GetAddressBytes();
        return Convert.ToHexStringLower(ip.AddressFamily == AddressFamily.InterNetworkV6 ? bytes.AsSpan(0, 8) : bytes);
    }

    private sealed record Subjects(
        NpgsqlParameter Emails,
        NpgsqlParameter ClientKey,
        NpgsqlParameter Place,
        NpgsqlParameter Client,
        NpgsqlParameter Address,
        NpgsqlParameter Account,
        string? Attempt)
    {
        public NpgsqlParameter[] Parameters => [Emails, ClientKey, Place, Client, Address, Account, OfAttempt()];

        // A parameter belongs to one statement.
        public NpgsqlParameter OfAttempt() => P.TextOrNull(Attempt, name: "ofAttempt");
    }
}
