using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// Encrypts values in the first form, <c>enc:v1:</c>, which existing databases hold. It binds a value to its column and row only.
/// </summary>
internal static class FirstForm
{
    public static string Protect(SecretKey key, string value, string column, Guid rowId)
    {
        var clear = Encoding.UTF8.GetBytes(value);
        var (nonce, tag, cipher) = (RandomNumberGenerator.GetBytes(12), new byte[16], new byte[clear.Length]);
        using var aes = new AesGcm(Convert.FromBase64String(key.Secret!.Reveal()), tag.Length);
        aes.Encrypt(nonce, clear, cipher, tag, Encoding.UTF8.GetBytes($"{column}:{rowId}"));
        return $"enc:v1:{key.Id}:{Base64Url.EncodeToString([.. nonce, .. tag, .. cipher])}";
    }
}
