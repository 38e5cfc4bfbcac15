using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>The colours of the pages: <c>user_preferences.theme</c>.</summary>
[JsonConverter(typeof(TextValueConverter<Theme>))]
public readonly record struct Theme : ITextValue<Theme>
{
    private readonly StoredText text;

    private Theme(string value) => text = new StoredText(value);

    /// <summary>Dark text on a light ground.</summary>
    public static Theme Light { get; } = new("light");

    /// <summary>Light text on a dark ground.</summary>
    public static Theme Dark { get; } = new("dark");

    /// <summary>Follows the operating system's setting.</summary>
    public static Theme System { get; } = new("system");

    /// <inheritdoc/>
    public static IReadOnlyList<Theme> Known { get; } = [Light, Dark, System];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static Theme From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
