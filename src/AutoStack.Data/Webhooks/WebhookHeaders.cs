using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// Request headers on their way into the table and out of it: those that tell the event, the delivery and the sender, by their names in
/// lower case. All others
/// are left out, since nobody knows which of them hold secrets.
/// </summary>
internal static partial class WebhookHeaders
{
    private static readonly FrozenSet<string> Shown = FrozenSet.Create(
        "content-type", "content-length", "user-agent",
        "x-github-event", "x-github-delivery", "x-github-hook-id", "x-github-hook-installation-target-id", "x-github-hook-installation-target-type",
        "x-github-enterprise-host", "x-github-enterprise-version",
        "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-webhook-uuid", "x-gitlab-instance", "idempotency-key", "webhook-id", "webhook-timestamp",
        "x-event-key", "x-request-uuid", "x-request-id", "x-hook-uuid", "x-attempt-number", "x-event-time",
        "x-gitea-event", "x-gitea-delivery");

    // Of these the algorithm: "sha256=…", "v1,…".
    private static readonly FrozenSet<string> Signatures = FrozenSet.Create("x-hub-signature", "x-hub-signature-256", "webhook-signature", "x-gitea-signature");

    /// <summary>The headers as they are stored, and the provider's id of the delivery; null when there is none.</summary>
    /// <exception cref="ArgumentException">The headers are not an object.</exception>
    public static (byte[] Json, string? DeliveryId) ToStore(JsonElement headers, WebhookProvider provider, string name)
    {
        if (headers.ValueKind != JsonValueKind.Object)
        {
            throw new ArgumentException($"{name} is not a JSON object.", name);
        }

        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var header in JsonElement.Parse(JsonText.Clean(headers, name), JsonText.Options).EnumerateObject())
        {
            if (ValueOf(header) is { Length: <= IWebhookPayloadRepository.MaxHeaderLength } value)
            {
                values[header.Name.ToLowerInvariant()] = value;
            }
        }

        // A blank one tells nothing; stored, it would stand before the next one in the index of deliveries.
        foreach (var header in DeliveryHeaders(provider).Where(h => string.IsNullOrWhiteSpace(values.GetValueOrDefault(h))))
        {
            values.Remove(header);
        }

        return (
            JsonSerializer.SerializeToUtf8Bytes(values),
            DeliveryHeaders(provider).Select(h => values.GetValueOrDefault(h)).FirstOrDefault(v => v is not null));
    }

    /// <summary>Stored headers as they may be shown: rows of the Python services hold all headers, with their secrets in clear.</summary>
    public static JsonElement Redact(JsonElement headers) =>
        headers.ValueKind != JsonValueKind.Object
            ? headers
            : JsonSerializer.SerializeToElement(JsonElement.Parse(JsonText.Clean(headers, nameof(headers)), JsonText.Options).EnumerateObject()
                .GroupBy(header => header.Name, StringComparer.Ordinal)
                .ToDictionary(same => same.Key, same => ValueOf(same.Last()) ?? UrlSecrets.Redacted));

    // The ones that WebhookPayloadRepository.DeliveryId reads, in its order. Not x-request-id of Bitbucket Data Center: it is an id of
    // the request.
    private static string[] DeliveryHeaders(WebhookProvider provider) =>
        provider == WebhookProvider.GitHub ? ["x-github-delivery"]
        : provider == WebhookProvider.GitLab ? ["idempotency-key", "x-gitlab-event-uuid"]
        : ["x-request-uuid"];

    // Null for a header that is not shown, and for a value of another form than headers have.
    private static string? ValueOf(JsonProperty header)
    {
        var name = header.Name.ToLowerInvariant();
        return Shown.Contains(name) && Text(header.Value) is { } value ? UrlSecrets.Mask(value)
            : Signatures.Contains(name) && Algorithm().Match(Text(header.Value) ?? "") is { Success: true } match ? match.Groups[1].Value
            : null;
    }

    // As HTTP joins a header that is sent more than once.
    private static string? Text(JsonElement value)
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

    [GeneratedRegex("^([a-z0-9-]{1,16})[=,]", RegexOptions.CultureInvariant)]
    private static partial Regex Algorithm();
}
