using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data;

/// <summary>How a run of a periodic task ended: <c>upkeep_leases.last_outcome</c>.</summary>
[JsonConverter(typeof(TextValueConverter<UpkeepOutcome>))]
public readonly record struct UpkeepOutcome : ITextValue<UpkeepOutcome>
{
    private readonly StoredText text;

    private UpkeepOutcome(string value) => text = new StoredText(value);

    /// <summary>The run did everything that was due.</summary>
    public static UpkeepOutcome Completed { get; } = new("completed");

    /// <summary>The run ended at a limit.</summary>
    public static UpkeepOutcome Partial { get; } = new("partial");

    /// <summary>The run failed for at least one table.</summary>
    public static UpkeepOutcome Failed { get; } = new("failed");

    /// <inheritdoc/>
    public static IReadOnlyList<UpkeepOutcome> Known { get; } = [Completed, Partial, Failed];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static UpkeepOutcome From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
