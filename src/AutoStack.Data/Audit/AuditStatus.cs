namespace AutoStack.Data.Audit;

/// <summary>The state of the audit log.</summary>
/// <param name="ReadAt">The time of the database at which the state was read.</param>
/// <param name="Partitions">The partitions by their time, the default partition last; empty without the feature <c>audit</c>.</param>
public sealed record AuditStatus(DateTimeOffset ReadAt, IReadOnlyList<AuditPartition> Partitions)
{
    /// <summary>True when the database has the feature <c>audit</c>.</summary>
    public bool IsEnabled => Partitions.Count > 0;

    /// <summary>
    /// The days until new entries have no partition but the default one; 0 afterwards, null without the feature.
    /// </summary>
    public double? DaysAhead => IsEnabled ? Math.Max((Partitions.Max(partition => partition.Until) - ReadAt)?.TotalDays ?? 0, 0) : null;

    /// <summary>What the tables of the log say; null without the feature, or when the role may not read them.</summary>
    public AuditSeals? Seals { get; init; }
}

/// <summary>One partition.</summary>
/// <param name="Name">The name of its table in the schema <c>autostack_audit</c>.</param>
/// <param name="Until">The end of its time, exclusive; it begins with the end of the one before. Null for the default partition.</param>
/// <param name="Rows">The number of entries by the last ANALYZE or VACUUM; null when there was none yet.</param>
/// <param name="Bytes">The size on disk with indexes.</param>
public sealed record AuditPartition(string Name, DateTimeOffset? Until, long? Rows, long Bytes);

/// <summary>How far the log is sealed, and how long entries are kept.</summary>
/// <param name="Number">The number of the last seal, and the number of seals; 0 for none.</param>
/// <param name="UntilSeq">The last entry that is sealed; 0 for none.</param>
/// <param name="Hash">
/// The hash of the last seal, which covers all seals before it, in lower-case hexadecimal digits; empty for none.
/// </param>
/// <param name="SealedAt">When the last seal was made; null for none.</param>
/// <param name="UnsealedSince">The time of the first entry that is not sealed; null when all are.</param>
/// <param name="Keep">How long entries are kept at least; null for ever.</param>
/// <param name="DroppedBefore">The time before which entries were dropped; null when none was.</param>
public sealed record AuditSeals(
    long Number, long UntilSeq, string Hash, DateTimeOffset? SealedAt, DateTimeOffset? UnsealedSince, TimeSpan? Keep,
    DateTimeOffset? DroppedBefore);
