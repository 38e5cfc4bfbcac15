using System.Collections.Frozen;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Webhooks;

/// <summary>
/// Selects request headers to store and to show: headers that name the event, the delivery and the sender, by lower-case name. All other
/// headers are dropped, because any of them may contain a secret.
/// </summary>
internal static partial class WebhookHeaders
{
    private static readonly FrozenSet<string> Shown = FrozenSet.Create(
        "content-type", "content-length", "user-agent",
        "x-github-event", "x-github-delivery", "x-github-hook-id",
        "x-github-hook-installation-target-id", "x-github-hook-installation-target-type",
        "x-github-enterprise-host", "x-github-enterprise-version",
        "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-webhook-uuid", "x-gitlab-instance", "idempotency-key",
        "webhook-id", "webhook-timestamp",
        "x-event-key", "x-request-uuid", "x-request-id", "x-hook-uuid", "x-attempt-number", "x-event-time",
        "x-gitea-event", "x-gitea-delivery");

    // Only their algorithm is stored: "sha256=…", "v1,…".
    private static readonly FrozenSet<string> Signatures =
        FrozenSet.Create("x-hub-signature", "x-hub-signature-256", "webhook-signature", "x-gitea-signature");

    /// <summary>Returns the headers to store, and the provider's id of the delivery; null when the headers do not name one.</summary>
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

        // A blank value identifies nothing; if stored, the index of deliveries would prefer it to the next header.
        foreach (var header in DeliveryHeaders(provider).Where(h => string.IsNullOrWhiteSpace(values.GetValueOrDefault(h))))
        {
            values.Remove(header);
        }

        return (
            JsonText.Object(values),
            DeliveryHeaders(provider).Select(h => values.GetValueOrDefault(h)).FirstOrDefault(v => v is not null));
    }

    /// <summary>Returns stored headers to show: rows of the Python services contain all headers, with secrets in clear.</summary>
    public static JsonElement Redact(JsonElement headers) =>
        headers.ValueKind != JsonValueKind.Object
            ? headers
            : JsonElement.Parse(JsonText.Object(JsonElement.Parse(JsonText.Clean(headers, nameof(headers)), JsonText.Options)
                .EnumerateObject()
                .GroupBy(header => header.Name, StringComparer.Ordinal)
                .Select(same => KeyValuePair.Create(same.Key, ValueOf(same.Last()) ?? UrlSecrets.Redacted))));

    // The headers that WebhookPayloadRepository.DeliveryId reads, in its order. Not Bitbucket Data Center's x-request-id, which identifies
    // the request.
    private static string[] DeliveryHeaders(WebhookProvider provider) =>
        provider == WebhookProvider.GitHub ? ["x-github-delivery"]
        : provider == WebhookProvider.GitLab ? ["idempotency-key", "x-gitlab-event-uuid"]
        : ["x-request-uuid"];

    // Null for a header that is not shown, and for a value that is not a header's.
    private static string? ValueOf(JsonProperty header)
    {
        var name = header.Name.ToLowerInvariant();
        return Shown.Contains(name) && Text(header.Value) is { } value ? UrlSecrets.Mask(value)
            : Signatures.Contains(name) && Algorithm().Match(Text(header.Value) ?? "") is { Success: true } match ? match.Groups[1].Value
            : null;
    }

    // Joins the values of a repeated header, as HTTP does.
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
