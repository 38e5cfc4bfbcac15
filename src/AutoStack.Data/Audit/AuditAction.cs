using System.Text.Json.Serialization;
using AutoStack.Data.Values;

namespace AutoStack.Data.Audit;

/// <summary>What was done to a row: <c>autostack_audit.changes.action</c>.</summary>
[JsonConverter(typeof(TextValueConverter<AuditAction>))]
public readonly record struct AuditAction : ITextValue<AuditAction>
{
    private readonly StoredText text;

    private AuditAction(string value) => text = new StoredText(value);

    /// <summary>A row was added.</summary>
    public static AuditAction Insert { get; } = new("insert");

    /// <summary>A row was changed.</summary>
    public static AuditAction Update { get; } = new("update");

    /// <summary>A row, or several by one statement, were removed.</summary>
    public static AuditAction Delete { get; } = new("delete");

    /// <summary>All rows of the table were removed.</summary>
    public static AuditAction Truncate { get; } = new("truncate");

    /// <inheritdoc/>
    public static IReadOnlyList<AuditAction> Known { get; } = [Insert, Update, Delete, Truncate];

    /// <inheritdoc/>
    public string Value => text.Value;

    /// <inheritdoc/>
    public bool IsKnown => StoredText.FindKnown(this) is not null;

    /// <inheritdoc/>
    public static AuditAction From(string value) => new(value);

    /// <summary>The text as it is stored.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => Value;
}
