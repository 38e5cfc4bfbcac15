using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Containers;

/// <summary>The state of a container: <c>deployment_containers.status</c>.</summary>
[JsonConverter(typeof(TextValueConverter<ContainerStatus>))]
public readonly record struct ContainerStatus : ITextValue<ContainerStatus>
{
    private readonly StoredText text;

    private ContainerStatus(string value) => text = new StoredText(value);

    /// <summary>The port is reserved; the container may exist.</summary>
    public static ContainerStatus Starting { get; } = new("starting");

    /// <summary>The container answered.</summary>
    public static ContainerStatus Running { get; } = new("running");

    /// <summary>The container no longer exists, and its port is free.</summary>
    public static ContainerStatus Stopped { get; } = new("stopped");

    /// <summary>Unhealthy while <c>stopped_at</c> is null; after that, its removal failed.</summary>
    public static ContainerStatus Failed { get; } = new("failed");

    /// <inheritdoc/>
    public static IReadOnlyList<ContainerStatus> Known { get; } = [Starting, Running, Stopped, Failed];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static ContainerStatus From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
