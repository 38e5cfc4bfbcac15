using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace AutoStack.Data.Accounts;

/// <summary>
/// The secret that proves an e-mail address. The user receives it by mail; the database stores its SHA-256. Prints <c>[redacted]</c>.
/// </summary>
[DebuggerDisplay("[redacted]")]
public sealed class EmailToken
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string text;

    private EmailToken(string text) => this.text = text;

    internal string Hash => OpaqueToken.Hash(text);

    /// <summary>Generates a token of 32 random bytes. Only the library generates tokens.</summary>
    internal static EmailToken New() => new(OpaqueToken.New());

    /// <summary>Parses a token that a user presents.</summary>
    /// <param name="text">The text that the user presents.</param>
    /// <param name="token">The token; null when the text is not a token.</param>
    /// <returns>False when <paramref name="text"/> is not a token.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EmailToken? token)
    {
        token = text is not null && OpaqueToken.IsOf(text) ? new EmailToken(text) : null;
        return token is not null;
    }

    /// <summary>Returns the token, to send it to the user once.</summary>
    /// <returns>Base64url.</returns>
    public string Reveal() => text;

    /// <summary>Hides the token.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
