using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data;

/// <summary>Who sends a webhook: <c>webhook_payloads.provider</c>.</summary>
[JsonConverter(typeof(TextValueConverter<WebhookProvider>))]
public readonly record struct WebhookProvider : ITextValue<WebhookProvider>
{
    private readonly StoredText text;

    private WebhookProvider(string value) => text = new StoredText(value);

    /// <summary>GitHub.</summary>
    public static WebhookProvider GitHub { get; } = new("github");

    /// <summary>GitLab.</summary>
    public static WebhookProvider GitLab { get; } = new("gitlab");

    /// <summary>Bitbucket.</summary>
    public static WebhookProvider Bitbucket { get; } = new("bitbucket");

    /// <inheritdoc/>
    public static IReadOnlyList<WebhookProvider> Known { get; } = [GitHub, GitLab, Bitbucket];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static WebhookProvider From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
