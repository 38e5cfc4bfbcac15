using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Accounts;

/// <summary>
/// The condition on the sign-in that allows a lasting way into the account: a link with a provider, another address. A reset ends the
/// sign-in, so that a change which a thief began before the reset does not succeed after it.
/// </summary>
internal static class FreshSignIn
{
    /// <summary>
    /// Whether the user <c>@userId</c> signed in at <c>@signedInAt</c>, a short time ago, and has not signed out. Needs
    /// <see cref="Parameters"/>.
    /// </summary>
    internal const string Condition = $"""
        @signedInAt > {ServerTime.Present} - @maxAge::interval AND @signedInAt < {ServerTime.Present} + @tolerance::interval
          AND EXISTS (SELECT FROM sessions s WHERE s.user_id = @userId AND {SessionRepository.SignedIn} = @signedInAt)
        """;

    // A sign-in that is further ahead of the server's clock is refused: the clock that recorded it is wrong.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    /// <summary>The parameters of the condition, besides <c>@userId</c>. A sign-in at null is not fresh.</summary>
    public static NpgsqlParameter[] Parameters(DateTimeOffset? signedInAt, AccountContext context) =>
    [
        P.Of(signedInAt),
        P.Of(context.Options.FreshSignIn, "maxAge"),
        P.Of(Tolerance, "tolerance"),
        ServerTime.Now(context.Clock),
    ];
}
