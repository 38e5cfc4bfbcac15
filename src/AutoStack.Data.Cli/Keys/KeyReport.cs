using AutoStack.Data.Monitoring;
using AutoStack.Data.SecretRotation;

namespace AutoStack.Data.Cli.Keys;

/// <summary>Which keys are stored where, and what is wrong.</summary>
/// <param name="Where">The server and database, for people.</param>
/// <param name="Given">The ids of the given keys, the first of which encrypts; empty when only ids were counted.</param>
/// <param name="Counts">The number of values by column, form and key.</param>
/// <param name="Unreadable">The values that do not open; empty when no keys were given.</param>
/// <param name="NotVisible">The columns that the role may not read: nothing is known of their values.</param>
internal sealed record KeyReport(
    string Where,
    IReadOnlyList<string> Given,
    IReadOnlyList<SecretCount> Counts,
    IReadOnlyList<UnreadableGroup> Unreadable,
    IReadOnlyList<string> NotVisible)
{
    /// <summary>What is wrong, and what is worth knowing.</summary>
    public IReadOnlyList<Finding> Findings => KeyFindings.Of(this);

    /// <summary>The values that a rotation would replace.</summary>
    public IEnumerable<SecretCount> Stale => Given is [var first, ..]
        ? Counts.Where(count => count.Form != SecretForm.Hashed && (count.Form != SecretForm.Encrypted || count.KeyId != first))
        : [];

    /// <summary>The number of values that name a key.</summary>
    public long Under(string keyId) => Counts.Where(count => count.KeyId == keyId).Sum(count => count.Values);
}

/// <summary>The values of one column that do not open for the same reason.</summary>
/// <param name="Column">The column.</param>
/// <param name="KeyId">The key that they name; null for values in clear.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Values">Their number.</param>
/// <param name="Rows">The ids of the first rows.</param>
internal sealed record UnreadableGroup(
    string Column, string? KeyId, UnreadableReason Reason, long Values, IReadOnlyList<Guid> Rows)
{
    /// <summary>The maximum number of ids that are listed.</summary>
    public const int MaxRows = 100;
}

/// <summary>What a rotation has done.</summary>
/// <param name="Columns">The result by column, over all passes.</param>
/// <param name="Elapsed">The duration.</param>
/// <param name="Left">What is stored after it.</param>
internal sealed record KeyRotationReport(IReadOnlyList<SecretRotationResult> Columns, TimeSpan Elapsed, KeyReport Left)
{
    /// <summary>The number of values that were replaced.</summary>
    public long Rotated => Columns.Sum(column => (long)column.Rotated);
}
