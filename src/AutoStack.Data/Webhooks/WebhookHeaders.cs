using System.Buffers;
using System.Text.Json;
using AutoStack.Data.Internal;

namespace AutoStack.Data.Webhooks;

/// <summary>Request headers on their way into the table: names in lower case, one text each, nothing secret.</summary>
internal static class WebhookHeaders
{
    private const string Redacted = "[redacted]";

    private static readonly string[] SecretParts =
    [
        "authorization", "cookie", "signature", "token", "secret", "password", "passwd", "passphrase", "credential", "session", "apikey", "jwt",
        "hmac", "bearer",
    ];

    private static readonly string[] SecretWords = ["pass", "pwd", "otp", "sig"];

    // What tells deliveries and events apart.
    private static readonly string[] KnownKeys = ["idempotency-key", "x-event-key"];

    /// <summary>The headers as they are stored, and the provider's id of the delivery; null when there is none.</summary>
    /// <exception cref="ArgumentException">The headers are no object of texts or lists of texts, or too long.</exception>
    public static (byte[] Json, string? DeliveryId) ToStore(JsonElement headers, WebhookProvider provider, string name)
    {
        if (headers.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"{name} is no JSON object.", name);
        }

        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var header in JsonElement.Parse(JsonText.Clean(headers, IWebhookPayloadRepository.MaxHeadersBytes, name), JsonText.Options).EnumerateObject())
        {
            values[header.Name.ToLowerInvariant()] = Value(header.Value)
                ?? throw new ArgumentException($"{name} holds a value that is neither a text nor a list of texts.", name);
        }

        // A blank one tells nothing; stored, it would stand before the next one in the index of deliveries.
        foreach (var header in DeliveryHeaders(provider).Where(h => string.IsNullOrWhiteSpace(values.GetValueOrDefault(h))))
        {
            values.Remove(header);
        }

        var delivery = DeliveryHeaders(provider).Select(h => values.GetValueOrDefault(h)).FirstOrDefault(v => v is not null);
        foreach (var header in values.Keys.Where(IsSecret).ToList())
        {
            values[header] = Redacted;
        }

        return (JsonSerializer.SerializeToUtf8Bytes(values), delivery);
    }

    /// <summary>Stored headers as they may be shown: rows of the Python services hold their secrets in clear.</summary>
    public static JsonElement Redact(JsonElement headers)
    {
        if (headers.ValueKind != JsonValueKind.Object)
        {
            return headers;
        }

        var shown = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(shown, new JsonWriterOptions { MaxDepth = int.MaxValue }))
        {
            writer.WriteStartObject();
            foreach (var header in JsonText.Readable(headers).EnumerateObject())
            {
                if (IsSecret(header.Name.ToLowerInvariant()))
                {
                    writer.WriteString(header.Name, Redacted);
                }
                else
                {
                    header.WriteTo(writer);
                }
            }

            writer.WriteEndObject();
        }

        return JsonElement.Parse(shown.WrittenSpan, JsonText.Options);
    }

    // The ones that WebhookPayloadRepository.DeliveryId reads, in its order.
    private static string[] DeliveryHeaders(WebhookProvider provider) =>
        provider == WebhookProvider.GitHub ? ["x-github-delivery"]
        : provider == WebhookProvider.GitLab ? ["idempotency-key", "x-gitlab-event-uuid"]
        : ["x-request-uuid"];

    // Rather one too many: a header that is hidden for nothing costs less than a key that is stored.
    private static bool IsSecret(string name) =>
        !KnownKeys.Contains(name)
        && (SecretParts.Any(part => name.Contains(part, StringComparison.Ordinal))
            || name.Split('-', '_', '.', ' ').Any(IsSecretWord));

    private static bool IsSecretWord(string word) =>
        SecretWords.Contains(word)
        || word.EndsWith("key", StringComparison.Ordinal)
        || word.StartsWith("oauth", StringComparison.Ordinal)
        || (word.StartsWith("auth", StringComparison.Ordinal) && !word.StartsWith("author", StringComparison.Ordinal));

    // As HTTP joins a header that is sent more than once.
    private static string? Value(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return Single(value);
        }

        var parts = value.EnumerateArray().Select(Single).ToList();
        return parts.Contains(null) ? null : string.Join(", ", parts);
    }

    private static string? Single(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        JsonValueKind.Null => "",
        _ => null,
    };
}
