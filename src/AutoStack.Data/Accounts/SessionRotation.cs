using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>One rotation of a token.</summary>
/// <param name="request">The request.</param>
/// <param name="tokens">The values under which the table may hold the presented token.</param>
/// <param name="context">Clock and options.</param>
internal sealed class SessionRotation(RotationRequest request, string[] tokens, AccountContext context)
{
    // A client that rotates more often within the grace is answered with RotatedByAnother.
    private const int MaxSuccessors = 100;

    private readonly SessionToken presented = request.Presented;
    private readonly SessionToken next = request.Next;
    private readonly ClientKey? client = request.Client;

    /// <summary>A session of the family: the presented one, or one that a later rotation created.</summary>
    private sealed record Member(SessionWithUser Found, string Token, string? Sealed, string? ClientHash)
    {
        public static Member Read(RowReader row) =>
            new(SessionRepository.ReadWithUser(row), row.Text(), row.TextOrNull(), row.TextOrNull());
    }

    public Task<RotationResult> RunAsync(Db db, Statement lockUser, CancellationToken cancellationToken)
    {
        // Replaces a token in clear by its hash, and binds a session without a client to the first client that rotates its token.
        var rotate = new Statement($"""
            WITH gate AS (
                UPDATE sessions s
                SET rotated_at = {ServerTime.Present}, token = @hash, client_key_hash = coalesce(s.client_key_hash::text, @client),
                    sealed_token = @sealed
                WHERE s.token::text = ANY (@tokens) AND s.rotated_at IS NULL AND s.expires_at > {ServerTime.Present}
                  AND (s.client_key_hash IS NULL OR s.client_key_hash::text = @client)
                  AND (@maxAge::interval IS NULL OR {SessionRepository.SignedIn} > {ServerTime.Present} - @maxAge::interval)
                RETURNING s.user_id, coalesce(s.family_id, s.id) AS family_id, {SessionRepository.SignedIn} AS signed_in_at,
                    s.client_key_hash
            )
            INSERT INTO sessions (id, user_id, token, expires_at, created_at, family_id, signed_in_at, client_key_hash)
            SELECT @id, g.user_id, @next, least({ServerTime.Present} + @lifetime::interval, g.signed_in_at + @maxAge::interval),
                {ServerTime.Present}, g.family_id, g.signed_in_at, g.client_key_hash
            FROM gate g
            """,
            P.Of(tokens),
            P.Text(presented.Hash, name: "hash"),
            P.TextOrNull(client?.Hash, name: "client"),
            P.TextOrNull(client?.Seal(next, SealContext(presented)), name: "sealed"),
            P.Of(context.Options.MaxSignInAge, "maxAge"),
            P.Of(Ids.New(), "id"),
            P.Text(next.Hash, name: "next"),
            P.Of(request.Lifetime),
            ServerTime.Now(context.Clock));

        // Also finds the session when this rotation was committed before and its answer was lost: nobody else knows the next token.
        var successor = new Statement($"""
            SELECT {SessionRepository.Columns}, {UserRepository.Columns}, s.expires_at > {ServerTime.Present}
            FROM sessions s
            JOIN users u ON u.id = s.user_id
            WHERE s.token::text = @next AND s.rotated_at IS NULL AND EXISTS (
                SELECT
                FROM sessions p
                WHERE p.token::text = ANY (@tokens) AND p.user_id = s.user_id AND coalesce(p.family_id, p.id) = s.family_id)
            """, P.Text(next.Hash, name: "next"), P.Of(tokens), ServerTime.Now(context.Clock));
        var revoke = new Statement($"""
            DELETE FROM sessions f
            USING sessions s
            WHERE s.token::text = ANY (@tokens) AND s.rotated_at <= {ServerTime.Present} - @grace::interval
              AND f.user_id = s.user_id AND coalesce(f.family_id, f.id) = coalesce(s.family_id, s.id)
              AND NOT EXISTS (SELECT FROM sessions n WHERE n.token::text = @next AND n.user_id = s.user_id)
            RETURNING f.id
            """, P.Of(tokens), P.Of(RotationResult.Grace), P.Text(next.Hash, name: "next"), ServerTime.Now(context.Clock));

        // The family from the presented session on. When the rotation did not succeed, none of these is older than the grace.
        var family = new Statement($"""
            SELECT {SessionRepository.Columns}, {UserRepository.Columns}, s.token, s.sealed_token, s.client_key_hash
            FROM sessions p
            JOIN sessions s ON s.user_id = p.user_id AND coalesce(s.family_id, s.id) = coalesce(p.family_id, p.id)
                AND (s.id = p.id OR s.created_at >= p.rotated_at)
            JOIN users u ON u.id = s.user_id
            WHERE p.token::text = ANY (@tokens)
            ORDER BY s.id = p.id DESC, s.created_at, s.id
            LIMIT @limit
            """, P.Of(tokens), P.Of(MaxSuccessors, "limit"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var rotated = await sets.FindAsync(row => new { Next = SessionRepository.ReadWithUser(row), IsActive = row.Flag() })
                    .ConfigureAwait(false);
                var revoked = await sets.AnyAsync().ConfigureAwait(false);
                var members = await sets.ListAsync(Member.Read).ConfigureAwait(false);
                return rotated is { IsActive: true } ? new RotationResult(RotationOutcome.Rotated, rotated.Next, next)
                    : rotated is not null ? Refused(RotationOutcome.Expired)
                    : revoked ? Refused(RotationOutcome.Reused)
                    : AnswerOf(members);
            },
            [lockUser, rotate, successor, revoke, family], cancellationToken,
            nameof(ISessionRepository.RotateAsync));
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
            var isOfClient = first.ClientHash is null || first.ClientHash == client?.Hash;
            return Refused(isOfClient ? RotationOutcome.Expired : RotationOutcome.WrongClient);
        }

        // Follows the rotations, each token to its successor, as far as the client's key opens them: the result is the same answer again,
        // or the newest token of this client.
        var (member, token) = (first, presented);
        while (member is { Found.Session.RotatedAt: not null, Sealed: { } text } && client?.Open(text, SealContext(token)) is { } following)
        {
            token = following;
            member = members.FirstOrDefault(m => m.Token == following.Hash);
        }

        return member is { Found.Session.RotatedAt: null }
            ? new RotationResult(RotationOutcome.Rotated, member.Found, token)
            : Refused(RotationOutcome.RotatedByAnother);
    }
}
