using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>A step of a deployment: <c>deployment_stages.stage_name</c>.</summary>
[JsonConverter(typeof(TextValueConverter<StageName>))]
public readonly record struct StageName : ITextValue<StageName>
{
    private readonly StoredText text;

    private StageName(string value) => text = new StoredText(value);

    /// <summary>Waiting for a worker.</summary>
    public static StageName Queued { get; } = new("queued");

    /// <summary>Fetching the repository.</summary>
    public static StageName Cloning { get; } = new("cloning");

    /// <summary>Checking out the branch.</summary>
    public static StageName Checkout { get; } = new("checkout");

    /// <summary>Installing dependencies.</summary>
    public static StageName Installing { get; } = new("installing");

    /// <summary>Running the build command.</summary>
    public static StageName Building { get; } = new("building");

    /// <summary>Copying the result.</summary>
    public static StageName Copying { get; } = new("copying");

    /// <summary>Starting the containers that serve the result.</summary>
    public static StageName Deploying { get; } = new("deploying");

    /// <inheritdoc/>
    public static IReadOnlyList<StageName> Known { get; } = [Queued, Cloning, Checkout, Installing, Building, Copying, Deploying];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static StageName From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
