using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data;

/// <summary>The state of a deployment: <c>deployments.status</c>.</summary>
[JsonConverter(typeof(TextValueConverter<DeploymentStatus>))]
public readonly record struct DeploymentStatus : ITextValue<DeploymentStatus>
{
    private readonly StoredText text;

    private DeploymentStatus(string value) => text = new StoredText(value);

    /// <summary>Waiting for a worker.</summary>
    public static DeploymentStatus Queued { get; } = new("queued");

    /// <summary>Fetching the repository.</summary>
    public static DeploymentStatus Cloning { get; } = new("cloning");

    /// <summary>Checking the branch out.</summary>
    public static DeploymentStatus Checkout { get; } = new("checkout");

    /// <summary>Installing dependencies.</summary>
    public static DeploymentStatus Installing { get; } = new("installing");

    /// <summary>Running the build command.</summary>
    public static DeploymentStatus Building { get; } = new("building");

    /// <summary>Copying the result.</summary>
    public static DeploymentStatus Copying { get; } = new("copying");

    /// <summary>Ended without an error.</summary>
    public static DeploymentStatus Success { get; } = new("success");

    /// <summary>Ended with an error.</summary>
    public static DeploymentStatus Failed { get; } = new("failed");

    /// <summary>Ended by its owner.</summary>
    public static DeploymentStatus Cancelled { get; } = new("cancelled");

    /// <inheritdoc/>
    public static IReadOnlyList<DeploymentStatus> Known { get; } =
        [Queued, Cloning, Checkout, Installing, Building, Copying, Success, Failed, Cancelled];

    /// <summary>True for <see cref="Success"/>, <see cref="Failed"/> and <see cref="Cancelled"/>: no further work is due.</summary>
    public bool IsFinished => this == Success || this == Failed || this == Cancelled;

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static DeploymentStatus From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
