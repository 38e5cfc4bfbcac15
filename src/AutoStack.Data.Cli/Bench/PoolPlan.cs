namespace AutoStack.Data.Cli.Bench;

/// <summary>What a run measures.</summary>
internal sealed record PoolPlan
{
    /// <summary>The pool sizes, in ascending order.</summary>
    public required IReadOnlyList<int> PoolSizes { get; init; }

    /// <summary>True when the sizes were not chosen by the operator: sizes between them are measured too, around the best one.</summary>
    public bool RefinesSizes { get; init; }

    /// <summary>
    /// Statements per second of all instances together, in ascending order; null to derive the rates from the measured saturation.
    /// </summary>
    public required IReadOnlyList<double>? Rates { get; init; }

    public required TimeSpan Duration { get; init; }

    public required TimeSpan Warmup { get; init; }

    public required StatementMix Mix { get; init; }

    /// <summary>The limit for the latency of 99 of 100 statements, from the intended start.</summary>
    public required TimeSpan P99 { get; init; }

    /// <summary>The number of processes with such a pool, each of which gets its share of the load.</summary>
    public required int Instances { get; init; }

    public required int Seed { get; init; }

    /// <summary>The number of measurements of each point.</summary>
    public int Repeats { get; init; } = LeastRepeats;

    /// <summary>The folder for the files; null to write none.</summary>
    public string? Output { get; init; }

    /// <summary>The shares of the saturation that are offered when no rates are given.</summary>
    public static IReadOnlyList<double> AutomaticShares { get; } = [0.25, 0.5, 0.75, 0.9, 1.1];

    /// <summary>Two measurements differ by an amount that says nothing about how much a third one will.</summary>
    public const int LeastRepeats = 3;

    /// <summary>The number of points, before those around the knee.</summary>
    public int PointCount => PoolSizes.Count * (Rates ?? AutomaticShares).Count;

    /// <summary>The longest duration of all points, without creating the tables and without the waits of overloaded pools.</summary>
    public TimeSpan Estimate =>
        (Warmup + Duration) * Repeats * (PointCount + (Rates is null ? PoolSizes.Count + Knee.MostPoints(this) : 0));

    /// <summary>The connections of all instances: the pool of each, and one that listens for notifications.</summary>
    public int ConnectionsFor(int poolSize) => Instances * (poolSize + 1);

    /// <summary>The rates for a saturation, rounded to two digits.</summary>
    public static IReadOnlyList<double> RatesFor(double saturation) =>
        [.. AutomaticShares.Select(share => TwoDigits(saturation * share)).Distinct()];

    internal static double TwoDigits(double value)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1))) - 1);
        return Math.Max(1, Math.Round(value / unit) * unit);
    }
}
