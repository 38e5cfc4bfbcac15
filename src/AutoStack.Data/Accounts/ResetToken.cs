using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace AutoStack.Data.Accounts;

/// <summary>The secret of a password reset. The user has it by mail, the database its SHA-256. It prints <c>[redacted]</c>.</summary>
[DebuggerDisplay("[redacted]")]
public sealed class ResetToken
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string text;

    private ResetToken(string text) => this.text = text;

    internal string Hash => OpaqueToken.Hash(text);

    /// <summary>A new token of 32 random bytes. Only the library makes them.</summary>
    internal static ResetToken New() => new(OpaqueToken.New());

    /// <summary>Reads a token that a user presents; those of the Python services had 48 bytes.</summary>
    /// <param name="text">What the user presents.</param>
    /// <param name="token">The token, when it is one.</param>
    /// <returns>False when it can be no token.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ResetToken? token)
    {
        token = text is not null && (OpaqueToken.IsOf(text) || OpaqueToken.IsOf(text, bytes: 48)) ? new ResetToken(text) : null;
        return token is not null;
    }

    /// <summary>The token, to be sent to the user once.</summary>
    /// <returns>Base64url.</returns>
    public string Reveal() => text;

    /// <summary>Nothing of the token.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";
}
