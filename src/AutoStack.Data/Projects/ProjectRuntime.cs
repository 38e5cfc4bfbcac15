using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

/// <summary>The runtime of a project: <c>projects.runtime</c>.</summary>
[JsonConverter(typeof(TextValueConverter<ProjectRuntime>))]
public readonly record struct ProjectRuntime : ITextValue<ProjectRuntime>
{
    private readonly StoredText text;

    private ProjectRuntime(string value) => text = new StoredText(value);

    /// <summary>Static files, served by a web server.</summary>
    public static ProjectRuntime Static { get; } = new("static");

    /// <summary>A container built from the repository's Dockerfile.</summary>
    public static ProjectRuntime Docker { get; } = new("docker");

    /// <summary>A Node.js process.</summary>
    public static ProjectRuntime NodeJs { get; } = new("nodejs");

    /// <inheritdoc/>
    public static IReadOnlyList<ProjectRuntime> Known { get; } = [Static, Docker, NodeJs];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static ProjectRuntime From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
