using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace AutoStack.Data.Accounts;

/// <summary>
/// The secret of a session. The client has it, the database its SHA-256. No plain string can stand in for it, and it prints
/// <c>[redacted]</c>.
/// </summary>
[DebuggerDisplay("[redacted]")]
public sealed class SessionToken
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string text;

    private SessionToken(string text) => this.text = text;

    internal string Hash => OpaqueToken.Hash(text);

    /// <summary>A new token of 32 random bytes. Only the library makes them: a token that somebody presents never becomes a new
    /// session's.</summary>
    internal static SessionToken New() => new(OpaqueToken.New());

    /// <summary>The values under which the table may hold it.</summary>
    /// <remarks>
    /// The Python services stored their tokens, UUIDs, in clear. Only what looks like one is compared with the column as it is: a hash that
    /// somebody read from the table is not a token.
    /// </remarks>
    /// <param name="acceptClear">Whether a token that is stored in clear is accepted: <see
    /// cref="AutoStackDataOptions.AcceptClearSecrets"/>.</param>
    internal string[] Stored(bool acceptClear) => acceptClear && Guid.TryParseExact(text, "D", out _) ? [Hash, text] : [Hash];

    /// <summary>Reads a token that a client presents: one of ours, or a UUID of the Python services.</summary>
    /// <param name="text">What the client presents.</param>
    /// <param name="token">The token, when it is one.</param>
    /// <returns>False when it can be no token.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SessionToken? token)
    {
        token = text is not null && (OpaqueToken.IsOf(text) || Guid.TryParseExact(text, "D", out _)) ? new SessionToken(text) : null;
        return token is not null;
    }

    /// <summary>The token, to be given to the client once.</summary>
    /// <returns>Base64url, 43 characters.</returns>
    public string Reveal() => text;

    /// <summary>Nothing of the token.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
