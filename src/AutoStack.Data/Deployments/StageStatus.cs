using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>The state of a stage: <c>deployment_stages.status</c>.</summary>
[JsonConverter(typeof(TextValueConverter<StageStatus>))]
public readonly record struct StageStatus : ITextValue<StageStatus>
{
    private readonly StoredText text;

    private StageStatus(string value) => text = new StoredText(value);

    /// <summary>Not started.</summary>
    public static StageStatus Pending { get; } = new("pending");

    /// <summary>Started, not ended.</summary>
    public static StageStatus InProgress { get; } = new("in_progress");

    /// <summary>Ended without an error.</summary>
    public static StageStatus Completed { get; } = new("completed");

    /// <summary>Ended with an error.</summary>
    public static StageStatus Failed { get; } = new("failed");

    /// <summary>Ended by the owner of the deployment, or not started when the deployment failed.</summary>
    public static StageStatus Cancelled { get; } = new("cancelled");

    /// <inheritdoc/>
    public static IReadOnlyList<StageStatus> Known { get; } = [Pending, InProgress, Completed, Failed, Cancelled];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static StageStatus From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
