using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>The origin of a deployment: <c>deployments.creator_type</c>.</summary>
[JsonConverter(typeof(TextValueConverter<CreatorType>))]
public readonly record struct CreatorType : ITextValue<CreatorType>
{
    private readonly StoredText text;

    private CreatorType(string value) => text = new StoredText(value);

    /// <summary>A user.</summary>
    public static CreatorType Manual { get; } = new("manual");

    /// <summary>A push to the repository.</summary>
    public static CreatorType Webhook { get; } = new("webhook");

    /// <summary>A timer.</summary>
    public static CreatorType Scheduled { get; } = new("scheduled");

    /// <inheritdoc/>
    public static IReadOnlyList<CreatorType> Known { get; } = [Manual, Webhook, Scheduled];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static CreatorType From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
