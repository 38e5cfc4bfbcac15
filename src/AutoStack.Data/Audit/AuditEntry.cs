using System.Text.Json;

namespace AutoStack.Data.Audit;

/// <summary>An entry of the audit log: one row that was added, changed or removed, or the rows that one statement removed.</summary>
public sealed record AuditEntry
{
    /// <summary>
    /// The number of the entry, ascending in the order of the changes of a row. Numbers are missing where a transaction was rolled back.
    /// </summary>
    public required long Seq { get; init; }

    /// <summary>When the row was changed, by the clock of the server; the transaction ended later.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The transaction, the same for all entries of one; unique in a server, and not in a database that was restored.</summary>
    public required long TransactionId { get; init; }

    /// <summary>
    /// Who acted, as the client said: <see cref="AutoStackDataOptions.Actor"/>, or the owner that the call named. Without either it is
    /// <see cref="Role"/>. At most 255 characters.
    /// </summary>
    public required string Actor { get; init; }

    /// <summary>The role that was logged in to the server.</summary>
    public required string Role { get; init; }

    /// <summary>The name of the table.</summary>
    public required string Table { get; init; }

    /// <summary>The id of the row; null for an entry of several rows, or of a whole table.</summary>
    public required Guid? RowId { get; init; }

    /// <summary>What was done.</summary>
    public required AuditAction Action { get; init; }

    /// <summary>The number of rows; null for <see cref="AuditAction.Truncate"/>, which does not count them.</summary>
    public required long? Rows { get; init; }

    /// <summary>The ids of an entry of several rows, the lowest 1,000; otherwise empty.</summary>
    public required IReadOnlyList<Guid> RowIds { get; init; }

    /// <summary>The columns that changed, by name; empty for an entry of several rows.</summary>
    public required IReadOnlyList<AuditedColumn> Columns { get; init; }
}

/// <summary>A column that changed.</summary>
/// <param name="Name">The column.</param>
/// <param name="Old">The value before, as JSON; null before an insert. A time is a text in UTC without an offset.</param>
/// <param name="New">The value afterwards; null after a delete.</param>
public sealed record AuditedColumn(string Name, JsonElement Old, JsonElement New)
{
    /// <summary>The text that stands for both values of a column whose values are not stored, such as a hash or a token.</summary>
    public const string Secret = "(secret)";

    /// <summary>True when the values are not stored.</summary>
    public bool IsSecret => IsSecretText(Old) && IsSecretText(New);

    private static bool IsSecretText(JsonElement value) => value.ValueKind == JsonValueKind.String && value.ValueEquals(Secret);
}
