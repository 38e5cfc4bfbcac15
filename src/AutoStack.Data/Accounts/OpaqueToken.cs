using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.Accounts;

/// <summary>The text of session and reset tokens: 32 random bytes as base64url. Only its SHA-256 is stored.</summary>
internal static class OpaqueToken
{
    private const int Bytes = 32;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>True for base64url of <paramref name="bytes"/> bytes, without padding or white space.</summary>
    public static bool IsOf(string text, int bytes = Bytes) =>
        text.Length == Base64Url.GetEncodedLength(bytes) && Base64Url.IsValid(text, out var length) && length == bytes;

    /// <summary>SHA-256 in lower-case hexadecimal: 64 characters, so that a hash is never accepted as a token.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
