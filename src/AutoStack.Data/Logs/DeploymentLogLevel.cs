using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>The severity of a log line: <c>log_level</c>.</summary>
[JsonConverter(typeof(TextValueConverter<DeploymentLogLevel>))]
public readonly record struct DeploymentLogLevel : ITextValue<DeploymentLogLevel>
{
    private readonly StoredText text;

    private DeploymentLogLevel(string value) => text = new StoredText(value);

    /// <summary>For the developers of the platform.</summary>
    public static DeploymentLogLevel Debug { get; } = new("debug");

    /// <summary>Ordinary output.</summary>
    public static DeploymentLogLevel Info { get; } = new("info");

    /// <summary>A problem that did not stop the work.</summary>
    public static DeploymentLogLevel Warning { get; } = new("warning");

    /// <summary>A failure.</summary>
    public static DeploymentLogLevel Error { get; } = new("error");

    /// <inheritdoc/>
    public static IReadOnlyList<DeploymentLogLevel> Known { get; } = [Debug, Info, Warning, Error];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static DeploymentLogLevel From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
