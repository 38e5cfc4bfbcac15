using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Secrets;

/// <summary>
/// Encrypts column values with AES-256-GCM: <c>enc:v2:KEY:BASE64URL(nonce, tag, ciphertext)</c>. Column, row, owner and version are
/// authenticated data, so that a value does not open in another row, after a change of the owner, or in place of a later value. The first
/// key encrypts, every key decrypts.
/// </summary>
/// <remarks>
/// The first form, <c>enc:v1:</c>, is bound to column and row only. It is read while values in clear are accepted, and never written.
/// </remarks>
internal sealed partial class SecretProtector
{
    /// <summary>The length of a nonce.</summary>
    internal const int NonceBytes = 12;

    /// <summary>The length of a tag.</summary>
    internal const int TagBytes = 16;

    private const string FirstPrefix = "enc:v1:";
    private const int KeyBytes = 32;

    private readonly Dictionary<string, byte[]> keys = [];
    private readonly string? writer;
    private readonly bool acceptClear;

    /// <exception cref="OptionsValidationException">A key is invalid; the message names its place and never its value.</exception>
    public SecretProtector(IReadOnlyList<SecretKey?> secretKeys, bool acceptClear = true)
    {
        this.acceptClear = acceptClear;
        for (var i = 0; i < secretKeys.Count; i++)
        {
            var (id, secret) = (secretKeys[i]?.Id, new byte[KeyBytes]);
            (string Part, string Problem)? wrong = secretKeys[i] is not { } key ? ("", "is null")
                : !KeyId().IsMatch(id ?? "") ? (".Id", "is 1 to 32 letters, digits, dots, underscores or dashes")
                : !Convert.TryFromBase64String(key.Secret?.Reveal() ?? "", new byte[KeyBytes + 2], out var length) || length != KeyBytes
                    ? (".Secret", "is 32 bytes in base64, for example from: openssl rand -base64 32")
                : keys.ContainsKey(id!) ? (".Id", $"'{id}' is given twice")
                : null;
            if (wrong is { } found)
            {
                throw InvalidSetting.Of(typeof(SecretKey), $"SecretKeys[{i}]{found.Part}", found.Problem);
            }

            Convert.TryFromBase64String(secretKeys[i]!.Secret!.Reveal(), secret, out _);
            keys.Add(id!, secret);
            writer ??= id;
        }
    }

    /// <summary>Whether a secret that is stored in clear is accepted.</summary>
    public bool AcceptsClear => acceptClear;

    /// <summary>The start of every value that the first key encrypts; null without a key.</summary>
    public string? WriterPrefix => writer is null ? null : $"{StoredForm.Prefix}{writer}:";

    /// <summary>Whether a key is configured.</summary>
    public bool HasKey(string? id) => id is not null && keys.ContainsKey(id);

    /// <summary>Encrypts a value for its place, with a new version; null stays null.</summary>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    public StoredSecret Protect(Secret? secret, SecretPlace place)
    {
        if (secret is null)
        {
            return default;
        }

        if (writer is null)
        {
            throw new InvalidOperationException(
                $"{place.Column} stores secrets encrypted, and no key is configured: add a key to AutoStackDataOptions.SecretKeys.");
        }

        var version = Guid.NewGuid();
        var clear = Encoding.UTF8.GetBytes(secret.Reveal());
        var sealedValue = new byte[NonceBytes + TagBytes + clear.Length];
        var nonce = sealedValue.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(keys[writer], TagBytes);
        aes.Encrypt(
            nonce,
            clear,
            sealedValue.AsSpan(NonceBytes + TagBytes),
            sealedValue.AsSpan(NonceBytes, TagBytes),
            Encoding.UTF8.GetBytes(Bound(place, version)));
        return new StoredSecret(WriterPrefix + Base64Url.EncodeToString(sealedValue), version);
    }

    /// <summary>
    /// Decrypts a value. A value that the Python services stored in clear is returned as it is, if that is accepted; null stays null.
    /// </summary>
    /// <exception cref="SecretUnreadableException">
    /// The key is missing; or the value was changed, moved or restored, or is in clear.
    /// </exception>
    public Secret? Open(StoredSecret stored, SecretPlace place)
    {
        var (where, value) = ($"{place.Column} of row {place.Ids[0]}", stored.Value);
        if (value is null)
        {
            return null;
        }

        if (!AnyForm().IsMatch(value))
        {
            return acceptClear
                ? Secret.From(value)
                : throw new SecretUnreadableException(
                    $"{where} is stored in clear, which AutoStackDataOptions.AcceptClearSecrets does not allow.");
        }

        string bound;
        if (value.StartsWith(StoredForm.Prefix, StringComparison.Ordinal))
        {
            bound = stored.Version is { } version
                ? Bound(place, version)
                : throw new SecretUnreadableException(
                    $"{where} has an encrypted value and no version: it was restored, or moved from another row.");
        }
        else if (value.StartsWith(FirstPrefix, StringComparison.Ordinal))
        {
            bound = acceptClear
                ? $"{place.Column}:{place.Ids[0]}"
                : throw new SecretUnreadableException(
                    $"{where} is bound to no owner and no version, which AutoStackDataOptions.AcceptClearSecrets does not allow.");
        }
        else
        {
            throw new SecretUnreadableException($"{where} is encrypted in a form that this version of the library does not know.");
        }

        var end = value.IndexOf(':', StoredForm.Prefix.Length);
        var keyId = end < 0 ? "" : value[StoredForm.Prefix.Length..end];
        if (!keys.TryGetValue(keyId, out var key))
        {
            // A text that is not a key's id may be part of a clear value that starts like an encrypted one.
            throw new SecretUnreadableException(KeyId().IsMatch(keyId)
                ? $"{where} is encrypted with the key '{keyId}', which AutoStackDataOptions.SecretKeys does not have."
                : $"{where} starts like an encrypted value, and does not name a key.");
        }

        try
        {
            var sealedValue = Base64Url.DecodeFromChars(value.AsSpan(end + 1));
            var clear = new byte[sealedValue.Length - NonceBytes - TagBytes];
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(
                sealedValue.AsSpan(0, NonceBytes),
                sealedValue.AsSpan(NonceBytes + TagBytes),
                sealedValue.AsSpan(NonceBytes, TagBytes),
                clear,
                Encoding.UTF8.GetBytes(bound));
            return Secret.From(Encoding.UTF8.GetString(clear));
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or OverflowException)
        {
            throw new SecretUnreadableException(
                $"{where} does not open with the key '{keyId}': it was changed, restored or moved, or the row has another owner.",
                exception);
        }
    }

    private static string Bound(SecretPlace place, Guid version) => $"{place.Column}:{string.Join(':', place.Ids)}:{version}";

    [GeneratedRegex("^enc:v[0-9]+:", RegexOptions.CultureInvariant)]
    private static partial Regex AnyForm();

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,32}\z", RegexOptions.CultureInvariant)]
    private static partial Regex KeyId();
}
