using AutoStack.Data.Values;

namespace AutoStack.Data.Retention;

/// <summary>The conditions of a run that only one process makes at a time.</summary>
public sealed record RetentionRunOptions
{
    /// <summary>The maximum length of <see cref="Holder"/>.</summary>
    public const int MaxHolderLength = UpkeepClaim.MaxHolderLength;

    private static readonly TimeSpan LongestRun = TimeSpan.FromDays(365);

    /// <summary>The maximum of <see cref="Lease"/>.</summary>
    public static TimeSpan MaxLease { get; } = TimeSpan.FromDays(1);

    /// <summary>The schedule: the run starts only when it is due. Null starts it at once.</summary>
    public UpkeepSchedule? Schedule { get; init; }

    /// <summary>How the run leaves room for others.</summary>
    public RetentionPacing Pacing { get; init; } = new();

    /// <summary>
    /// The name of the process, for people to read, up to <see cref="MaxHolderLength"/> characters; null for the names of the machine and
    /// the process.
    /// </summary>
    public string? Holder { get; init; }

    /// <summary>
    /// The time after which another process takes over from one that stopped answering; above zero, up to <see cref="MaxLease"/>. Default
    /// 30 s.
    /// </summary>
    public TimeSpan Lease { get; init; } = UpkeepClaim.DefaultLease;

    /// <summary>
    /// The key of the claim. A call that is repeated with the same key has the lease that its first attempt has acquired. Null generates a
    /// key.
    /// </summary>
    public Guid? Key { get; init; }

    /// <summary>
    /// The tables to purge, of those that the policy purges; null for all. A run of some tables does not count as the last run.
    /// </summary>
    public IReadOnlyCollection<string>? Tables { get; init; }

    /// <summary>The maximum number of rows to remove, 1 or more; null for no limit.</summary>
    public long? MaxRows { get; init; }

    /// <summary>
    /// The time after which the run starts no further batch; above zero, up to 365 days; null for no limit.
    /// </summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>The claim of the lease, with a new key unless the options have one.</summary>
    internal UpkeepClaim Claim() => new(Key ?? Guid.NewGuid(), Schedule) { Holder = Holder, Lease = Lease };

    /// <summary>Throws for a value of the argument <c>options</c> that is out of its range.</summary>
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Pacing, "options.Pacing");
        Pacing.Validate("options.Pacing");
        if (Holder is not null && (string.IsNullOrWhiteSpace(Holder) || Text.CountCodePoints(Text.Clean(Holder)) > MaxHolderLength))
        {
            throw InvalidArgument.Of("options.Holder", $"is blank or longer than {MaxHolderLength} characters; null for the default");
        }

        if (Lease <= TimeSpan.Zero || Lease > MaxLease)
        {
            throw InvalidArgument.Of("options.Lease", Lease, $"is above zero, up to {MaxLease}");
        }

        if (MaxRows < 1)
        {
            throw InvalidArgument.Of("options.MaxRows", MaxRows, "is 1 or more, or null");
        }

        if (MaxDuration <= TimeSpan.Zero || MaxDuration > LongestRun)
        {
            throw InvalidArgument.Of("options.MaxDuration", MaxDuration, $"is above zero, up to {LongestRun.TotalDays} days, or null");
        }

        var known = RetentionRules.All.Select(rule => rule.Table).ToList();
        if (Tables?.FirstOrDefault(table => !known.Contains(table)) is not null)
        {
            throw InvalidArgument.Of("options.Tables", $"has an unknown table; the tables are {string.Join(", ", known)}");
        }

        if (Tables is { Count: 0 } || Tables?.Contains(null!) == true)
        {
            throw InvalidArgument.Of("options.Tables", "is empty or has null; null for all tables");
        }
    }
}

/// <summary>The result of a run that only one process makes at a time.</summary>
/// <param name="Outcome">What happened.</param>
/// <param name="Results">One result per table that was purged; empty when no run was made.</param>
public sealed record RetentionRun(RetentionRunOutcome Outcome, IReadOnlyList<RetentionResult> Results)
{
    /// <summary>The number of removed rows.</summary>
    public long Rows => Results.Sum(result => result.Rows);

    /// <summary>Who holds the lease, and how the last run ended, when no run was made; null otherwise.</summary>
    public UpkeepState? State { get; init; }

    /// <summary>
    /// True when the role does not see the lag of standbys, so that the run did not wait for them: <c>GRANT pg_read_all_stats</c>.
    /// </summary>
    public bool LagIsHidden { get; init; }
}

/// <summary>What a call for a run has done.</summary>
public enum RetentionRunOutcome
{
    /// <summary>The run has removed all old rows.</summary>
    Completed,

    /// <summary>The run has ended at a limit, and old rows may be left.</summary>
    Partial,

    /// <summary>The run has failed for at least one table; see <see cref="RetentionResult.Failure"/>.</summary>
    Failed,

    /// <summary>Another process has taken over the lease; the run has stopped after its batch.</summary>
    LeaseLost,

    /// <summary>Another process holds the lease; no run was made.</summary>
    Held,

    /// <summary>The schedule has no run due; no run was made.</summary>
    NotDue,
}
