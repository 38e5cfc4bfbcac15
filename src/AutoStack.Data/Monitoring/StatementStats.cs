namespace AutoStack.Data.Monitoring;

/// <summary>A statement of <c>pg_stat_statements</c>, by role. Counters count since the last reset of the extension.</summary>
public sealed record StatementStats
{
    /// <summary>The id that the server computes from the parsed statement; 0 when it is hidden.</summary>
    public required long QueryId { get; init; }

    /// <summary>The role that runs it.</summary>
    public required string Role { get; init; }

    /// <summary>The library's method that has the statement, as <c>DeploymentQueue.ClaimNext</c>; null for a statement of others.</summary>
    public required string? Operation { get; init; }

    /// <summary>The statement, its first 1,000 characters with every literal replaced by <c>?</c>; null when it is hidden.</summary>
    public required string? Text { get; init; }

    /// <summary>Executions.</summary>
    public required long Calls { get; init; }

    /// <summary>The time of all executions together, in milliseconds.</summary>
    public required double TotalMs { get; init; }

    /// <summary>The longest execution, in milliseconds.</summary>
    public required double MaxMs { get; init; }

    /// <summary>Rows returned or changed.</summary>
    public required long Rows { get; init; }

    /// <summary>Blocks found in shared buffers.</summary>
    public required long BlocksHit { get; init; }

    /// <summary>Blocks not found in shared buffers.</summary>
    public required long BlocksRead { get; init; }

    /// <summary>Blocks written to temporary files, where <c>work_mem</c> was too small.</summary>
    public required long TempBlocks { get; init; }

    /// <summary>WAL written, in bytes.</summary>
    public required long WalBytes { get; init; }

    /// <summary>The mean time of an execution, in milliseconds.</summary>
    public double MeanMs => Calls == 0 ? 0 : TotalMs / Calls;
}
