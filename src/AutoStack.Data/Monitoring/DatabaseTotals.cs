namespace AutoStack.Data.Monitoring;

/// <summary>
/// The database and its server. Counters count since <see cref="ResetAt"/>, those of checkpoints and WAL since their own.
/// </summary>
public sealed record DatabaseTotals
{
    /// <summary>The size of the database in bytes; null when the role may not connect to it.</summary>
    public required long? Bytes { get; init; }

    /// <summary>Sessions that the server allows.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Sessions of this database.</summary>
    public required int Connections { get; init; }

    /// <summary>Transactions committed.</summary>
    public required long Commits { get; init; }

    /// <summary>Transactions rolled back.</summary>
    public required long Rollbacks { get; init; }

    /// <summary>Deadlocks.</summary>
    public required long Deadlocks { get; init; }

    /// <summary>Temporary files that queries have written.</summary>
    public required long TempFiles { get; init; }

    /// <summary>Bytes in temporary files.</summary>
    public required long TempBytes { get; init; }

    /// <summary>Blocks found in shared buffers.</summary>
    public required long BlocksHit { get; init; }

    /// <summary>Blocks not found in shared buffers.</summary>
    public required long BlocksRead { get; init; }

    /// <summary>Sessions that ended without saying so: the client or the network was lost.</summary>
    public required long SessionsLost { get; init; }

    /// <summary>Queries that a standby cancelled, because they were in the way of what it had to apply.</summary>
    public required long Conflicts { get; init; }

    /// <summary>Blocks whose checksum was wrong; null when the server has no checksums.</summary>
    public required long? ChecksumFailures { get; init; }

    /// <summary>The age of the oldest transaction id in the database, in transactions.</summary>
    public required long FreezeAge { get; init; }

    /// <summary>When the counters of the database began; null for when the database or the statistics were created.</summary>
    public required DateTimeOffset? ResetAt { get; init; }

    /// <summary>Checkpoints that began because <c>checkpoint_timeout</c> was over.</summary>
    public required long TimedCheckpoints { get; init; }

    /// <summary>Checkpoints that began earlier, mostly because <c>max_wal_size</c> was reached.</summary>
    public required long RequestedCheckpoints { get; init; }

    /// <summary>Time that checkpoints spent in writing, in milliseconds.</summary>
    public required double CheckpointWriteMs { get; init; }

    /// <summary>Blocks that checkpoints wrote.</summary>
    public required long CheckpointBlocks { get; init; }

    /// <summary>Blocks that the background writer wrote.</summary>
    public required long BackgroundBlocks { get; init; }

    /// <summary>When the counters of checkpoints began; null for when the statistics were created.</summary>
    public required DateTimeOffset? CheckpointsResetAt { get; init; }

    /// <summary>WAL of the whole server, in bytes.</summary>
    public required long WalBytes { get; init; }

    /// <summary>How often sessions had to write WAL themselves, because <c>wal_buffers</c> was full.</summary>
    public required long WalBuffersFull { get; init; }

    /// <summary>When the counters of WAL began; null for when the statistics were created.</summary>
    public required DateTimeOffset? WalResetAt { get; init; }

    /// <summary>The share of blocks found in shared buffers, 0 to 1; null when none was asked for.</summary>
    public double? HitRatio => Share.Of(BlocksHit, BlocksRead);
}
