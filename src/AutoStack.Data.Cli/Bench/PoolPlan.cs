namespace AutoStack.Data.Cli.Bench;

/// <summary>What a run measures.</summary>
internal sealed record PoolPlan
{
    /// <summary>The pool sizes, in ascending order.</summary>
    public required IReadOnlyList<int> PoolSizes { get; init; }

    /// <summary>Statements per second, in ascending order; null to derive the rates from the measured saturation.</summary>
    public required IReadOnlyList<double>? Rates { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required StatementMix Mix { get; init; }

    /// <summary>The limit for the latency of 99 of 100 statements, from the intended start.</summary>
    public required TimeSpan P99 { get; init; }

    /// <summary>The number of processes with such a pool.</summary>
    public required int Instances { get; init; }

    public required int Seed { get; init; }

    /// <summary>The folder for the files; null to write none.</summary>
    public string? Output { get; init; }

    /// <summary>The shares of the saturation that are offered when no rates are given.</summary>
    public static IReadOnlyList<double> AutomaticShares { get; } = [0.25, 0.5, 0.75, 0.9, 1.1];

    public int PointCount => PoolSizes.Count * (Rates ?? AutomaticShares).Count;

    /// <summary>The duration of all points, without creating the tables and without the waits of overloaded pools.</summary>
    public TimeSpan Estimate => (Warmup + Duration) * (PointCount + (Rates is null ? PoolSizes.Count : 0));

    /// <summary>The rates for a saturation, rounded to two digits.</summary>
    public static IReadOnlyList<double> RatesFor(double saturation) =>
        [.. AutomaticShares.Select(share => TwoDigits(saturation * share)).Distinct()];

    private static double TwoDigits(double value)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1))) - 1);
        return Math.Max(1, Math.Round(value / unit) * unit);
    }
}
