namespace AutoStack.Data.Cli.Bench;

/// <summary>The size of a benchmark: the number of its rows, and the unit of its durations.</summary>
internal sealed record BenchScale
{
    public const int DeploymentsPerUser = 100;
    public const int LogLength = 500;

    public int Users { get; init; } = 100;

    /// <summary>The number of newest deployments that have a log to read. The load appends to the others.</summary>
    public int DeploymentsWithLog { get; init; } = 200;

    /// <summary>The unit of <c>--duration</c> and <c>--warmup</c>.</summary>
    public TimeSpan Second { get; init; } = TimeSpan.FromSeconds(1);
}
