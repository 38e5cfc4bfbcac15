namespace AutoStack.Data.Retention;

/// <summary>What a process asks for the lease of a periodic task with.</summary>
/// <param name="Key">The key of the claim; a repeated claim with the same key has the lease already.</param>
/// <param name="Schedule">The schedule: the lease is acquired only when a run is due. Null acquires it at once.</param>
internal sealed record UpkeepClaim(Guid Key, UpkeepSchedule? Schedule)
{
    /// <summary>The maximum length of <see cref="Holder"/>.</summary>
    public const int MaxHolderLength = 255;

    /// <summary>The default of <see cref="Lease"/>.</summary>
    public static TimeSpan DefaultLease { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The name of the process, for people to read; null for the names of the machine and the process.</summary>
    public string? Holder { get; init; }

    /// <summary>The time after which another process takes over from one that stopped answering.</summary>
    public TimeSpan Lease { get; init; } = DefaultLease;
}
