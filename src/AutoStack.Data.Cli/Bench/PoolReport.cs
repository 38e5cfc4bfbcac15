namespace AutoStack.Data.Cli.Bench;

/// <summary>Quantiles in milliseconds; null when the statement at that rank was lost, which is longer than any measured time.</summary>
internal sealed record Latency(double? P50Ms, double? P99Ms)
{
    public static Latency Of(Histogram histogram) => new(Milliseconds(histogram.Quantile(0.5)), Milliseconds(histogram.Quantile(0.99)));

    public static double? Milliseconds(long? microseconds) => microseconds / 1000.0;
}

/// <summary>One pool size at one offered rate: one measurement, or the medians of several.</summary>
internal sealed record PoolPoint
{
    public required int PoolSize { get; init; }

    public required double Rate { get; init; }

    public required int Arrivals { get; init; }

    public required double Throughput { get; init; }

    public required Latency Wait { get; init; }

    public required Latency Execution { get; init; }

    public required Latency Total { get; init; }

    public required double MaxMs { get; init; }

    public required double? LateStartP99Ms { get; init; }

    public required int Timeouts { get; init; }

    public required int Refused { get; init; }

    public required IReadOnlyDictionary<string, int> Errors { get; init; }

    /// <summary>The measurements of the point; empty for a single measurement.</summary>
    public IReadOnlyList<PoolPoint> Runs { get; init; } = [];

    public int Lost => Timeouts + Refused + Errors.Values.Sum();

    public bool Meets(TimeSpan p99) => Total.P99Ms <= p99.TotalMilliseconds;

    public static PoolPoint Of(int poolSize, double rate, LoadResult result) => new()
    {
        PoolSize = poolSize,
        Rate = rate,
        Arrivals = result.Arrivals,
        Throughput = result.Throughput,
        Wait = Latency.Of(result.Wait),
        Execution = Latency.Of(result.Execution),
        Total = Latency.Of(result.Total),
        MaxMs = Latency.Milliseconds(result.Total.Max)!.Value,
        LateStartP99Ms = Latency.Milliseconds(result.LateStart.Quantile(0.99)),
        Timeouts = result.Timeouts,
        Refused = result.Refused,
        Errors = result.Errors,
    };

    /// <summary>The medians of several measurements, and the sums of what was lost.</summary>
    public static PoolPoint Of(IReadOnlyList<PoolPoint> runs) => new()
    {
        PoolSize = runs[0].PoolSize,
        Rate = runs[0].Rate,
        Arrivals = runs.Sum(run => run.Arrivals),
        Throughput = Median(runs, run => run.Throughput)!.Value,
        Wait = new Latency(Median(runs, run => run.Wait.P50Ms), Median(runs, run => run.Wait.P99Ms)),
        Execution = new Latency(Median(runs, run => run.Execution.P50Ms), Median(runs, run => run.Execution.P99Ms)),
        Total = new Latency(Median(runs, run => run.Total.P50Ms), Median(runs, run => run.Total.P99Ms)),
        MaxMs = runs.Max(run => run.MaxMs),
        LateStartP99Ms = Median(runs, run => run.LateStartP99Ms),
        Timeouts = runs.Sum(run => run.Timeouts),
        Refused = runs.Sum(run => run.Refused),
        Errors = runs.SelectMany(run => run.Errors).GroupBy(error => error.Key).OrderBy(kind => kind.Key, StringComparer.Ordinal)
            .ToDictionary(kind => kind.Key, kind => kind.Sum(error => error.Value)),
        Runs = runs,
    };

    // A lost quantile is longer than every measured one. Of two middle ones the longer counts.
    private static double? Median(IEnumerable<PoolPoint> runs, Func<PoolPoint, double?> value)
    {
        var ordered = runs.Select(value).OrderBy(found => found ?? double.MaxValue).ToList();
        return ordered[ordered.Count / 2];
    }
}

/// <summary>The result of a sweep.</summary>
internal sealed record PoolReport
{
    public required PoolPlan Plan { get; init; }

    public required ServerLimits Server { get; init; }

    /// <summary>True when no database was given: the server was started for the run, or is the one for tests.</summary>
    public required bool OwnServer { get; init; }

    /// <summary>The highest throughput of all instances with any pool size in a closed loop; null when rates were given.</summary>
    public required double? Saturation { get; init; }

    /// <summary>The points, ordered by pool size and rate.</summary>
    public required IReadOnlyList<PoolPoint> Points { get; init; }

    public required Recommendation Recommendation { get; init; }

    /// <summary>The recommended connection string without its password; null when no pool size is recommended.</summary>
    public required string? ConnectionString { get; init; }

    /// <summary>True when the given connection string has a password, which the recommended one does not contain.</summary>
    public required bool PasswordLeftOut { get; init; }

    /// <summary>Reasons not to rely on the figures.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The paths of the written files.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The connections of all instances: the pool of each, and one that listens for notifications.</summary>
    public int? ConnectionsNeeded => Recommendation.Meets ? Plan.ConnectionsFor(Recommendation.Best.PoolSize) : null;
}
