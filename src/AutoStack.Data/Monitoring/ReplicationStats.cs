namespace AutoStack.Data.Monitoring;

/// <summary>Replication and archiving of the server.</summary>
public sealed record ReplicationStats
{
    /// <summary>The replication slots.</summary>
    public required IReadOnlyList<SlotStats> Slots { get; init; }

    /// <summary>The standbys and other receivers that are connected. Their lags are null without <c>pg_read_all_stats</c>.</summary>
    public required IReadOnlyList<StandbyStats> Standbys { get; init; }

    /// <summary>On a standby: received and not yet applied, in bytes; null on a primary.</summary>
    public required long? OwnLagBytes { get; init; }

    /// <summary>
    /// On a standby: seconds since the last transaction that it applied was committed, 0 when everything received is applied; null on a
    /// primary. On a quiet primary that sends nothing it says nothing about the connection: see <see cref="IsReceiving"/>.
    /// </summary>
    public required double? OwnLagSeconds { get; init; }

    /// <summary>On a standby: true while it receives from its primary; null on a primary.</summary>
    public required bool? IsReceiving { get; init; }

    /// <summary>The setting <c>archive_mode</c>; null in a look that an earlier version has saved.</summary>
    public string? ArchiveMode { get; init; }

    /// <summary>WAL files archived.</summary>
    public required long Archived { get; init; }

    /// <summary>Attempts to archive a WAL file that failed.</summary>
    public required long ArchiveFailures { get; init; }

    /// <summary>The last WAL file that was archived; null for none.</summary>
    public required DateTimeOffset? LastArchived { get; init; }

    /// <summary>The last attempt that failed; null for none.</summary>
    public required DateTimeOffset? LastArchiveFailure { get; init; }

    /// <summary>WAL files that wait to be archived; null without <c>pg_monitor</c>, on a standby, and while nothing is archived.</summary>
    public long? ArchiveWaiting { get; init; }

    /// <summary>How long the oldest of them has waited, in seconds; null when none waits, or as <see cref="ArchiveWaiting"/>.</summary>
    public double? ArchiveWaitingSeconds { get; init; }

    /// <summary>True when the last attempt to archive a WAL file failed.</summary>
    public bool IsArchiveFailing => LastArchiveFailure is { } failed && (LastArchived is not { } last || failed >= last);
}

/// <summary>A replication slot.</summary>
/// <param name="Name">The slot.</param>
/// <param name="Kind"><c>physical</c> or <c>logical</c>.</param>
/// <param name="IsActive">True while a receiver uses it.</param>
/// <param name="RetainedBytes">WAL that the server keeps for it, in bytes; null before its first use and after it was invalidated.</param>
/// <param name="WalStatus"><c>reserved</c>, <c>extended</c>, <c>unreserved</c> or <c>lost</c>; null before its first use.</param>
/// <param name="XminAge">The age of the oldest row version that the server keeps for it, in transactions; null for none.</param>
public sealed record SlotStats(string Name, string Kind, bool IsActive, long? RetainedBytes, string? WalStatus, long? XminAge);

/// <summary>A receiver of this server's WAL.</summary>
/// <param name="Application">Its name.</param>
/// <param name="Address">Its network address; null for a socket, and when it is hidden.</param>
/// <param name="State"><c>streaming</c>, <c>catchup</c> and so on; null when it is hidden.</param>
/// <param name="SyncState"><c>async</c>, <c>sync</c>, <c>quorum</c> or <c>potential</c>; null when it is hidden.</param>
/// <param name="LagBytes">Written here and not yet applied there, in bytes; null when it is hidden.</param>
/// <param name="LagSeconds">How late it applies, in seconds; null when it is idle or hidden.</param>
public sealed record StandbyStats(
    string Application, string? Address, string? State, string? SyncState, long? LagBytes, double? LagSeconds);
