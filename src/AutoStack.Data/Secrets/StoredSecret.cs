using AutoStack.Data.Postgres;

namespace AutoStack.Data.Secrets;

/// <summary>A secret as a row holds it: the value, and the version that the value is bound to.</summary>
/// <param name="Value">The encrypted value, or one in clear; null for none.</param>
/// <param name="Version">
/// A random id, new with each write, in a column beside the value; null beside a value in clear or of the first form.
/// </param>
internal readonly record struct StoredSecret(string? Value, Guid? Version)
{
    /// <summary>Reads the value and, from the next column, its version.</summary>
    public static StoredSecret Read(RowReader row) => new(row.TextOrNull(), row.GuidOrNull());
}

/// <summary>Where a secret is stored. A value opens in its place only.</summary>
/// <param name="Column">The table and the column.</param>
/// <param name="Ids">The row, and then whatever it belongs to: the project, the owner.</param>
internal readonly record struct SecretPlace(string Column, params Guid[] Ids);
