namespace AutoStack.Data.Cli.Bench;

/// <summary>What is to be measured.</summary>
internal sealed record PoolPlan
{
    /// <summary>In ascending order.</summary>
    public required IReadOnlyList<int> PoolSizes { get; init; }

    /// <summary>Statements per second, in ascending order; null: from what the largest throughput turns out to be.</summary>
    public required IReadOnlyList<double>? Rates { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required StatementMix Mix { get; init; }

    /// <summary>The latency that 99 of 100 statements are to stay within, from the intended start.</summary>
    public required TimeSpan P99 { get; init; }

    /// <summary>How many processes have such a pool.</summary>
    public required int Instances { get; init; }

    public required int Seed { get; init; }

    /// <summary>Where the files go; null for none.</summary>
    public string? Output { get; init; }

    /// <summary>Shares of the saturation that are offered when no rates are given: some below, one at it, one beyond.</summary>
    public static IReadOnlyList<double> AutomaticShares { get; } = [0.25, 0.5, 0.75, 0.9, 1.1];

    public int PointCount => PoolSizes.Count * (Rates ?? AutomaticShares).Count;

    /// <summary>Without what making the tables and waiting at overload takes.</summary>
    public TimeSpan Estimate => (Warmup + Duration) * (PointCount + (Rates is null ? PoolSizes.Count : 0));

    /// <summary>The rates for a saturation, rounded as people write numbers.</summary>
    public static IReadOnlyList<double> RatesFor(double saturation) =>
        [.. AutomaticShares.Select(share => TwoDigits(saturation * share)).Distinct()];

    private static double TwoDigits(double value)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1))) - 1);
        return Math.Max(1, Math.Round(value / unit) * unit);
    }
}
