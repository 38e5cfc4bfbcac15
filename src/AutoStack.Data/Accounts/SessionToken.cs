using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace AutoStack.Data.Accounts;

/// <summary>
/// The secret of a session. The client has it; the database stores its SHA-256. There is no conversion from a string. Prints
/// <c>[redacted]</c>.
/// </summary>
[DebuggerDisplay("[redacted]")]
public sealed class SessionToken
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string text;

    private SessionToken(string text) => this.text = text;

    internal string Hash => OpaqueToken.Hash(text);

    /// <summary>
    /// Generates a token of 32 random bytes. Only the library generates tokens: a presented token never becomes a new session's.
    /// </summary>
    internal static SessionToken New() => new(OpaqueToken.New());

    /// <summary>The values under which the table may hold the token.</summary>
    /// <remarks>
    /// The Python services stored their tokens, UUIDs, in clear. Only a UUID is compared with the column itself: a hash that somebody has
    /// read from the table is not a token.
    /// </remarks>
    /// <param name="acceptClear">
    /// Whether a token that is stored in clear is accepted: <see cref="AutoStackDataOptions.AcceptClearSecrets"/>.
    /// </param>
    internal string[] Stored(bool acceptClear) => acceptClear && Guid.TryParseExact(text, "D", out _) ? [Hash, text] : [Hash];

    /// <summary>Parses a token that a client presents: one of this library, or a UUID of the Python services.</summary>
    /// <param name="text">The text that the client presents.</param>
    /// <param name="token">The token; null when the text is not a token.</param>
    /// <returns>False when <paramref name="text"/> is not a token.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SessionToken? token)
    {
        token = text is not null && (OpaqueToken.IsOf(text) || Guid.TryParseExact(text, "D", out _)) ? new SessionToken(text) : null;
        return token is not null;
    }

    /// <summary>Returns the token, to give it to the client once.</summary>
    /// <returns>Base64url, 43 characters.</returns>
    public string Reveal() => text;

    /// <summary>Hides the token.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
