using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Accounts;

internal sealed class SignInThrottle(Db db, AccountContext context) : ISignInThrottle, IPlatformSignInThrottle
{
    /// <summary>What a purge removes, as <c>e</c>.</summary>
    internal const string Purgeable = $"e.expires_at <= {ServerTime.Present}";

    // A client that has been signed in to the account before.
    private const string IsKnown = """
        EXISTS (
            SELECT
            FROM users u
            JOIN sessions s ON s.user_id = u.id
            WHERE pg_catalog.lower(u.email::text COLLATE "C") = ANY (@emails) AND s.client_key_hash::text = @client)
        """;

    private readonly SignInThrottleOptions options = context.Options.Throttle;

    public async Task<SignInAttempt> BeginAsync(string email, IPAddress address, ClientKey? client, CancellationToken cancellationToken)
    {
        var subjects = await SubjectsAsync(email, address, client, cancellationToken).ConfigureAwait(false);
        if (!options.Enabled)
        {
            return new SignInAttempt(IsAllowed: true, LockedUntil: null);
        }

        // An address that is locked out stores nothing: it could invent accounts without end. Then one count after the other, each only
        // when the one before allows it: whoever is locked out at one place does not use up the attempts of the account. A count that has
        // reached its limit stays until expires_at; one above the limit is the mark of a refusal. The server locks the row, so that
        // attempts at once are counted one by one.
        var counted = await db.WriteBatchAsync(
            sets => sets.FindAsync(row => new SignInAttempt(row.Flag(), row.TimeOrNull())), [new Statement($"""
            WITH known AS (
                SELECT {IsKnown} AS is_known
            ), locked AS (
                SELECT a.expires_at
                FROM sign_in_attempts a, known k
                WHERE NOT k.is_known AND a.subject_hash::text = @ofAddress AND a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttemptsOfAddress
            ), place AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT CASE WHEN k.is_known THEN @ofClient ELSE @ofPlace END, 1, {ServerTime.Present} + @lockout::interval
                FROM known k
                WHERE NOT EXISTS (SELECT FROM locked)
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttempts) + 1 END,
                    expires_at = CASE WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttempts THEN a.expires_at ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttempts AS is_allowed, a.expires_at
            ), address AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT @ofAddress, 1, {ServerTime.Present} + @lockout::interval
                FROM place p, known k
                WHERE p.is_allowed AND NOT k.is_known
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttemptsOfAddress) + 1 END,
                    expires_at = CASE
                        WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttemptsOfAddress THEN a.expires_at ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttemptsOfAddress AS is_allowed, a.expires_at
            ), account AS (
                INSERT INTO sign_in_attempts AS a (subject_hash, attempts, expires_at)
                SELECT @ofAccount, 1, {ServerTime.Present} + @lockout::interval
                FROM address d
                WHERE d.is_allowed
                ON CONFLICT (subject_hash) DO UPDATE
                SET attempts = CASE WHEN a.expires_at <= {ServerTime.Present} THEN 1 ELSE least(a.attempts, @maxAttemptsOfAccount) + 1 END,
                    expires_at = CASE
                        WHEN a.expires_at > {ServerTime.Present} AND a.attempts >= @maxAttemptsOfAccount THEN a.expires_at ELSE excluded.expires_at END
                RETURNING a.attempts <= @maxAttemptsOfAccount AS is_allowed, a.expires_at
            )
            SELECT pg_catalog.bool_and(c.is_allowed), pg_catalog.max(c.expires_at) FILTER (WHERE NOT c.is_allowed)
            FROM (
                SELECT FALSE AS is_allowed, l.expires_at FROM locked l
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
                ServerTime.Now(context.Clock),
            ])],
            // Counted twice is the safe side.
            Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
        return counted!;
    }

    public async Task SucceededAsync(string email, IPAddress address, ClientKey? client, CancellationToken cancellationToken)
    {
        var subjects = await SubjectsAsync(email, address, client, cancellationToken).ConfigureAwait(false);
        if (!options.Enabled)
        {
            return;
        }

        // In the order in which an attempt locks them. The count of the address loses this attempt only: else who has an account could
        // start it again at will. The row of the place says that it was counted there: by now the client may have a session, or have lost
        // it.
        await db.WriteBatchAsync(
            _ => Task.FromResult(true),
            [
                new Statement("""
                    WITH counted AS (
                        DELETE FROM sign_in_attempts a
                        WHERE a.subject_hash::text IN (@ofPlace, @ofClient)
                        RETURNING a.subject_hash::text AS subject
                    )
                    UPDATE sign_in_attempts a
                    SET attempts = a.attempts - 1
                    WHERE a.subject_hash::text = @ofAddress AND a.attempts > 0 AND EXISTS (SELECT FROM counted c WHERE c.subject = @ofPlace)
                    """, subjects.Place, subjects.Client, subjects.Address),
                new Statement("""
                    DELETE FROM sign_in_attempts a
                    WHERE a.subject_hash::text = @ofAccount
                    """, subjects.Account),
            ],
            Repeat.Never, cancellationToken).ConfigureAwait(false);
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
            """, [ServerTime.Now(context.Clock), P.Of(Limit.Check(limit, IPlatformSignInThrottle.MaxPurgeSize), nameof(limit))], cancellationToken);

    // Hashed: people type passwords into the field of the address.
    private async Task<Subjects> SubjectsAsync(string email, IPAddress address, ClientKey? client, CancellationToken cancellationToken)
    {
        var account = await EmailAddress.SoughtAsync(db, email, cancellationToken).ConfigureAwait(false);
        ArgumentNullException.ThrowIfNull(address);
        var place = PlaceOf(address);
        return new Subjects(
            P.Of(account.Spellings, "emails"),
            P.TextOrNull(client?.Hash, name: "client"),
            P.Text(OpaqueToken.Hash($"place\n{account.Canonical}\n{place}"), name: "ofPlace"),
            P.Text(OpaqueToken.Hash($"client\n{account.Canonical}\n{client?.Hash}"), name: "ofClient"),
            P.Text(OpaqueToken.Hash($"address\n{place}"), name: "ofAddress"),
            P.Text(OpaqueToken.Hash($"account\n{account.Canonical}"), name: "ofAccount"));
    }

    private static string PlaceOf(IPAddress address)
    {
        var ip = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Convert.ToHexStringLower(ip.AddressFamily == AddressFamily.InterNetworkV6 ? ip.GetAddressBytes().AsSpan(0, 8) : ip.GetAddressBytes());
    }

    private sealed record Subjects(
        NpgsqlParameter Emails, NpgsqlParameter ClientKey, NpgsqlParameter Place, NpgsqlParameter Client, NpgsqlParameter Address, NpgsqlParameter Account)
    {
        public NpgsqlParameter[] Parameters => [Emails, ClientKey, Place, Client, Address, Account];
    }
}
