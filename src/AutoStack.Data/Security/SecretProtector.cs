using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Security;

/// <summary>
/// Encrypts column values with AES-256-GCM: <c>enc:v1:KEY:BASE64URL(nonce, tag, ciphertext)</c>. Table, column and row are authenticated with it,
/// so that a value moved elsewhere does not open. The first key writes, every key reads.
/// </summary>
internal sealed partial class SecretProtector
{
    private const string Prefix = "enc:v1:";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;

    private readonly Dictionary<string, byte[]> keys = [];
    private readonly string? writer;
    private readonly bool acceptClear;

    /// <exception cref="OptionsValidationException">A key is wrong; the message names its place and never its value.</exception>
    public SecretProtector(IReadOnlyList<SecretKey?> secretKeys, bool acceptClear = true)
    {
        this.acceptClear = acceptClear;
        for (var i = 0; i < secretKeys.Count; i++)
        {
            var (id, secret) = (secretKeys[i]?.Id, new byte[KeyBytes]);
            var problem = secretKeys[i] is not { } key ? " is null"
                : !KeyId().IsMatch(id ?? "") ? ".Id is 1 to 32 letters, digits, dots, underscores or dashes"
                : !Convert.TryFromBase64String(key.Secret ?? "", new byte[KeyBytes + 2], out var length) || length != KeyBytes
                    ? ".Secret is 32 bytes in base64, for example from: openssl rand -base64 32"
                : keys.ContainsKey(id!) ? $".Id '{id}' is given twice"
                : null;
            if (problem is not null)
            {
                throw new OptionsValidationException(
                    nameof(AutoStackDataOptions), typeof(AutoStackDataOptions), [$"AutoStackDataOptions.SecretKeys[{i}]{problem}."]);
            }

            Convert.TryFromBase64String(secretKeys[i]!.Secret, secret, out _);
            keys.Add(id!, secret);
            writer ??= id;
        }
    }

    /// <summary>Whether a secret that is stored in clear is accepted.</summary>
    public bool AcceptsClear => acceptClear;

    /// <summary>What every value that the writing key encrypted begins with; null without a key.</summary>
    public string? WriterPrefix => writer is null ? null : $"{Prefix}{writer}:";

    /// <summary>Encrypts a value for its place; null stays null.</summary>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    public string? Protect(Secret? secret, string column, Guid rowId)
    {
        if (secret is null)
        {
            return null;
        }

        if (writer is null)
        {
            throw new InvalidOperationException(
                $"{column} holds secrets, and no key is configured to encrypt them: add a key to AutoStackDataOptions.SecretKeys.");
        }

        var clear = Encoding.UTF8.GetBytes(secret.Reveal());
        var sealedValue = new byte[NonceBytes + TagBytes + clear.Length];
        var nonce = sealedValue.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys[writer], TagBytes);
        aes.Encrypt(nonce, clear, sealedValue.AsSpan(NonceBytes + TagBytes), sealedValue.AsSpan(NonceBytes, TagBytes), Place(column, rowId));
        return WriterPrefix + Base64Url.EncodeToString(sealedValue);
    }

    /// <summary>Opens a value; one that the Python services stored in clear is taken as it is, if that is accepted, null stays null.</summary>
    /// <exception cref="SecretUnreadableException">The key is missing, or the value was changed or moved, or is in clear.</exception>
    public Secret? Open(string? stored, string column, Guid rowId)
    {
        if (stored is null)
        {
            return null;
        }

        if (!stored.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return acceptClear
                ? Secret.From(stored)
                : throw new SecretUnreadableException($"{column} of row {rowId} is stored in clear, which AutoStackDataOptions.AcceptClearSecrets does not allow.");
        }

        var end = stored.IndexOf(':', Prefix.Length);
        var keyId = end < 0 ? "" : stored[Prefix.Length..end];
        if (!keys.TryGetValue(keyId, out var key))
        {
            // What has not the form of a key's name may be a clear value that happens to begin like an encrypted one.
            throw new SecretUnreadableException(KeyId().IsMatch(keyId)
                ? $"{column} of row {rowId} is encrypted with the key '{keyId}', which AutoStackDataOptions.SecretKeys does not have."
                : $"{column} of row {rowId} begins like an encrypted value and names no key.");
        }

        try
        {
            var sealedValue = Base64Url.DecodeFromChars(stored.AsSpan(end + 1));
            var clear = new byte[sealedValue.Length - NonceBytes - TagBytes];
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(
                sealedValue.AsSpan(0, NonceBytes), sealedValue.AsSpan(NonceBytes + TagBytes), sealedValue.AsSpan(NonceBytes, TagBytes), clear, Place(column, rowId));
            return Secret.From(Encoding.UTF8.GetString(clear));
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or OverflowException)
        {
            throw new SecretUnreadableException($"{column} of row {rowId} does not open with the key '{keyId}': it was changed, or moved from another row.", exception);
        }
    }

    private static byte[] Place(string column, Guid rowId) => Encoding.UTF8.GetBytes($"{column}:{rowId}");

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,32}\z", RegexOptions.CultureInvariant)]
    private static partial Regex KeyId();
}
