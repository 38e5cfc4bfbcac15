using System.Buffers.Text;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.Accounts;

/// <summary>
/// Identifies one client, such as a browser: 32 random bytes that the client keeps across its sign-ins, apart from its session token. The
/// database stores their SHA-256. Prints <c>[redacted]</c>.
/// </summary>
[DebuggerDisplay("[redacted]")]
public sealed class ClientKey
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly string text;

    private ClientKey(string text) => this.text = text;

    internal string Hash => OpaqueToken.Hash(text);

    /// <summary>Generates a key of 32 random bytes.</summary>
    /// <returns>The key.</returns>
    public static ClientKey New() => new(OpaqueToken.New());

    /// <summary>Parses a key that a client presents.</summary>
    /// <param name="text">The text that the client presents.</param>
    /// <param name="key">The key; null when the text is not a key.</param>
    /// <returns>False when <paramref name="text"/> is not a key.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ClientKey? key)
    {
        key = text is not null && OpaqueToken.IsOf(text) ? new ClientKey(text) : null;
        return key is not null;
    }

    /// <summary>Returns the key, to give it to the client once.</summary>
    /// <returns>Base64url, 43 characters.</returns>
    public string Reveal() => text;

    /// <summary>Hides the key.</summary>
    /// <returns><c>[redacted]</c>.</returns>
    public override string ToString() => "[redacted]";

    /// <summary>Encrypts a token so that it opens only with this key and <paramref name="context"/>.</summary>
    /// <remarks>
    /// The context is the token that was rotated, or the id of a new session. The next token is random and not derived from the one before:
    /// a key and an old token that are stolen later reveal nothing of the current token without the database, and neither does a dump
    /// without the key.
    /// </remarks>
    internal string Seal(SessionToken token, string context)
    {
        var plain = Encoding.UTF8.GetBytes(token.Reveal());
        var bytes = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(Derive(context), TagBytes);
        aes.Encrypt(bytes.AsSpan(0, NonceBytes), plain, bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes));
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Decrypts a token of <see cref="Seal"/>; null when key or context differ, or the text was changed.</summary>
    internal SessionToken? Open(string sealedText, string context)
    {
        if (!Base64Url.IsValid(sealedText, out var length) || length <= NonceBytes + TagBytes)
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(sealedText);
        var plain = new byte[bytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(Derive(context), TagBytes);
        try
        {
            aes.Decrypt(bytes.AsSpan(0, NonceBytes), bytes.AsSpan(NonceBytes + TagBytes), bytes.AsSpan(NonceBytes, TagBytes), plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return SessionToken.TryParse(Encoding.UTF8.GetString(plain), out var token) ? token : null;
    }

    private byte[] Derive(string context) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256,
        Encoding.UTF8.GetBytes(text),
        32,
        Encoding.UTF8.GetBytes(context),
        "AutoStack.Data sealed session token"u8.ToArray());
}
