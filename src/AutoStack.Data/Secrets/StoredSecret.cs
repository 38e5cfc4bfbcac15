using AutoStack.Data.Postgres;

namespace AutoStack.Data.Secrets;

/// <summary>A secret as a row stores it: the value, and the version that the value is bound to.</summary>
/// <param name="Value">The encrypted value, or a value in clear; null without a value.</param>
/// <param name="Version">
/// A random id, new with each write, in a column of its own; null for a value in clear or of the first form.
/// </param>
internal readonly record struct StoredSecret(string? Value, Guid? Version)
{
    /// <summary>Reads the value and, from the next column, its version.</summary>
    public static StoredSecret Read(RowReader row) => new(row.TextOrNull(), row.GuidOrNull());
}

/// <summary>The place in which a secret is stored. A value opens in its place only.</summary>
/// <param name="Column">The table and the column.</param>
/// <param name="Ids">The id of the row, then the ids of its project and its owner.</param>
internal readonly record struct SecretPlace(string Column, params Guid[] Ids);
