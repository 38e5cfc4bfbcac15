using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>One exchange of a token for the next one.</summary>
/// <param name="presented">The token that the client has.</param>
/// <param name="tokens">The values under which the table may hold it.</param>
/// <param name="client">The client's key; null when it presents none.</param>
/// <param name="lifetime">How long the next token is accepted.</param>
/// <param name="context">Clock and options.</param>
internal sealed class SessionRotation(SessionToken presented, string[] tokens, ClientKey? client, TimeSpan lifetime, AccountContext context)
{
    // A client that exchanges more often within the grace is told that another request has.
    private const int MaxSuccessors = 100;

    private readonly SessionToken next = SessionToken.New();

    /// <summary>A session of the family: the presented one, or one that came out of it.</summary>
    private sealed record Member(SessionWithUser Found, string Token, string? Sealed, string? ClientHash);

    public Task<RotationResult> RunAsync(Db db, Statement lockUser, CancellationToken cancellationToken)
    {
        // A token that was stored in clear is stored as its hash from now on. A session without a client gets the one that exchanges it
        // first.
        var rotate = new Statement($"""
            WITH gate AS (
                UPDATE sessions s
                SET rotated_at = {ServerTime.Present}, token = @hash, client_key_hash = coalesce(s.client_key_hash::text, @client), sealed_token = @sealed
                WHERE s.token::text = ANY (@tokens) AND s.rotated_at IS NULL AND s.expires_at > {ServerTime.Present}
                  AND (s.client_key_hash IS NULL OR s.client_key_hash::text = @client)
                  AND (@maxAge::interval IS NULL OR {SessionRepository.SignedIn} > {ServerTime.Present} - @maxAge::interval)
                RETURNING s.user_id, coalesce(s.family_id, s.id) AS family_id, {SessionRepository.SignedIn} AS signed_in_at, s.client_key_hash
            )
            INSERT INTO sessions (id, user_id, token, expires_at, created_at, family_id, signed_in_at, client_key_hash)
            SELECT @id, g.user_id, @next, least({ServerTime.Present} + @lifetime::interval, g.signed_in_at + @maxAge::interval), {ServerTime.Present}, g.family_id, g.signed_in_at,
                g.client_key_hash
            FROM gate g
            """,
            P.Of(tokens),
            P.Text(presented.Hash, name: "hash"),
            P.TextOrNull(client?.Hash, name: "client"),
            P.TextOrNull(client?.Seal(next, SealContext(presented)), name: "sealed"),
            P.Of(context.Options.MaxSignInAge, "maxAge"),
            P.Of(Ids.New(), "id"),
            P.Text(next.Hash, name: "next"),
            P.Of(lifetime),
            ServerTime.Now(context.Clock));

        // Also found when the exchange was made before and its answer was lost: nobody else can know the next token.
        var made = new Statement($"""
            SELECT {SessionRepository.Columns}, {UserRepository.Columns}
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            WHERE s.token::text = @next AND s.rotated_at IS NULL
            """, P.Text(next.Hash, name: "next"));
        var revoke = new Statement($"""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token::text = ANY (@tokens) AND s.rotated_at <= {ServerTime.Present} - @grace::interval
              AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
              AND NOT EXISTS (SELECT FROM sessions n WHERE n.token::text = @next)
            RETURNING f.id
            """, P.Of(tokens), P.Of(RotationResult.Grace), P.Text(next.Hash, name: "next"), ServerTime.Now(context.Clock));

        // What is left of the family from the presented one on: nothing of it is older than the grace.
        var family = new Statement($"""
            SELECT {SessionRepository.Columns}, {UserRepository.Columns}, s.token, s.sealed_token, s.client_key_hash
            FROM sessions p
            JOIN sessions s ON s.user_id = p.user_id AND coalesce(s.family_id, s.id) = coalesce(p.family_id, p.id) AND (s.id = p.id OR s.created_at >= p.rotated_at)
            JOIN users u ON u.id = s.user_id
            WHERE p.token::text = ANY (@tokens)
            ORDER BY s.id = p.id DESC, s.created_at, s.id
            LIMIT @limit
            """, P.Of(tokens), P.Of(MaxSuccessors, "limit"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var rotated = await sets.FindAsync(SessionRepository.ReadWithUser).ConfigureAwait(false);
                var revoked = await sets.AnyAsync().ConfigureAwait(false);
                var members = await sets.ListAsync(
                    row => new Member(SessionRepository.ReadWithUser(row), row.Text(), row.TextOrNull(), row.TextOrNull())).ConfigureAwait(false);
                return rotated is not null ? new RotationResult(RotationOutcome.Rotated, rotated, next)
                    : revoked ? Refused(RotationOutcome.Reused)
                    : AnswerOf(members);
            },
            [lockUser, rotate, made, revoke, family], Repeat.WhenConnectionIsLost, cancellationToken);
    }

    private static RotationResult Refused(RotationOutcome outcome) => new(outcome, Next: null, Token: null);

    private static string SealContext(SessionToken token) => $"exchange {token.Reveal()}";

    private RotationResult AnswerOf(IReadOnlyList<Member> members)
    {
        if (members is not [var first, ..])
        {
            return Refused(RotationOutcome.Unknown);
        }

        if (first.Found.Session.RotatedAt is null)
        {
            return Refused(first.ClientHash is null || first.ClientHash == client?.Hash ? RotationOutcome.Expired : RotationOutcome.WrongClient);
        }

        // From each token to the one that it was exchanged for, as far as the client's key opens them: the same answer again, or the next
        // one that this client
        // has got meanwhile.
        var (member, token) = (first, presented);
        while (member is { Found.Session.RotatedAt: not null, Sealed: { } text } && client?.Open(text, SealContext(token)) is { } successor)
        {
            token = successor;
            member = members.FirstOrDefault(m => m.Token == successor.Hash);
        }

        return member is { Found.Session.RotatedAt: null } ? new RotationResult(RotationOutcome.Rotated, member.Found, token) : Refused(RotationOutcome.RotatedByAnother);
    }
}
