using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.Webhooks;

/// <summary>Checks the signature of a delivery, over the bytes of its body as they came.</summary>
/// <remarks>
/// GitHub: HMAC-SHA256 in <c>x-hub-signature-256</c>. Bitbucket Cloud and Data Center: HMAC-SHA256 in <c>x-hub-signature</c>. GitLab: the
/// secret itself in <c>x-gitlab-token</c>; for a secret that starts with <c>whsec_</c>, the HMAC-SHA256 of id, time and body in
/// <c>webhook-signature</c>, whose time is at most <see cref="MaxAge"/> from the present.
/// </remarks>
public static class WebhookSignature
{
    private const string Algorithm = "sha256=";
    private const string SigningSecret = "whsec_";
    private const string SigningVersion = "v1,";

    /// <summary>The longest distance of the time that a delivery of GitLab is signed with from the present: 5 minutes.</summary>
    public static TimeSpan MaxAge { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Checks a signature. The time of the check does not depend on where a wrong signature differs.</summary>
    /// <param name="provider">The provider.</param>
    /// <param name="body">The bytes of the body as they came, before they are parsed.</param>
    /// <param name="header">Returns the value of a header by its lower-case name; null for a header that is missing.</param>
    /// <param name="secrets">The secrets, at least one; several while one is being replaced.</param>
    /// <param name="clock">The clock that a signed time is compared with; null for the machine's.</param>
    /// <returns>True when one of the secrets has signed the delivery.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="provider"/> is not known, an argument is null, or <paramref name="secrets"/> is empty or has a null or blank secret.
    /// </exception>
    public static bool IsValid(
        WebhookProvider provider,
        ReadOnlySpan<byte> body,
        Func<string, string?> header,
        IReadOnlyCollection<Secret> secrets,
        TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(header);
        ArgumentNullException.ThrowIfNull(secrets);
        if (!provider.IsKnown)
        {
            throw new ArgumentException("provider is not known.", nameof(provider));
        }

        if (secrets.Count == 0 || secrets.Any(secret => string.IsNullOrWhiteSpace(secret?.Reveal())))
        {
            throw new ArgumentException("secrets is empty or has a blank secret, with which anybody could sign.", nameof(secrets));
        }

        var isValid = false;
        foreach (var secret in secrets)
        {
            var text = secret.Reveal();
            isValid |= provider == WebhookProvider.GitHub ? IsHash(header("x-hub-signature-256"), body, text)
                : provider == WebhookProvider.Bitbucket ? IsHash(header("x-hub-signature"), body, text)
                : text.StartsWith(SigningSecret, StringComparison.Ordinal) ? IsSigned(header, body, text, clock ?? TimeProvider.System)
                : AreEqual(header("x-gitlab-token"), text);
        }

        return isValid;
    }

    private static bool IsHash(string? signature, ReadOnlySpan<byte> body, string secret) =>
        signature is not null && signature.StartsWith(Algorithm, StringComparison.Ordinal)
        && AreEqual(
            signature[Algorithm.Length..].ToLowerInvariant(),
            Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)));

    // The signatures of several secrets are separated by spaces.
    private static bool IsSigned(Func<string, string?> header, ReadOnlySpan<byte> body, string secret, TimeProvider clock)
    {
        if (header("webhook-id") is not { Length: > 0 } id || header("webhook-timestamp") is not { } time
            || header("webhook-signature") is not { } signatures
            || !long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(clock.GetUtcNow().ToUnixTimeSeconds() - (double)seconds) > MaxAge.TotalSeconds
            || Key(secret) is not { } key)
        {
            return false;
        }

        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(Encoding.UTF8.GetBytes($"{id}.{time}."));
        hash.AppendData(body);
        var expected = SigningVersion + Convert.ToBase64String(hash.GetHashAndReset());
        return signatures.Split(' ').Aggregate(false, (found, signature) => found | AreEqual(signature, expected));
    }

    private static byte[]? Key(string secret)
    {
        var text = secret[SigningSecret.Length..];
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out var length) && length > 0 ? key[..length] : null;
    }

    // Hashes have one length: neither the time nor an early end says how long the expected text is.
    private static bool AreEqual(string? given, string expected) =>
        given is not null && CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
}
