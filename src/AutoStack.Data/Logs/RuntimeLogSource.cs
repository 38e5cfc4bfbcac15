using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>The source of a runtime log line: <c>deployment_runtime_logs.source</c>.</summary>
[JsonConverter(typeof(TextValueConverter<RuntimeLogSource>))]
public readonly record struct RuntimeLogSource : ITextValue<RuntimeLogSource>
{
    private readonly StoredText text;

    private RuntimeLogSource(string value) => text = new StoredText(value);

    /// <summary>A Docker container.</summary>
    public static RuntimeLogSource Docker { get; } = new("docker");

    /// <summary>A Kubernetes pod.</summary>
    public static RuntimeLogSource K8s { get; } = new("k8s");

    /// <summary>The container's host system.</summary>
    public static RuntimeLogSource System { get; } = new("system");

    /// <inheritdoc/>
    public static IReadOnlyList<RuntimeLogSource> Known { get; } = [Docker, K8s, System];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static RuntimeLogSource From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
