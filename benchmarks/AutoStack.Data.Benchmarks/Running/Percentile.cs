namespace AutoStack.Data.Benchmarks.Running;

/// <summary>Percentiles of a measurement.</summary>
internal static class Percentile
{
    /// <summary>The value that <paramref name="percent"/> percent of the values do not exceed.</summary>
    /// <param name="ascending">The values in ascending order.</param>
    /// <param name="percent">1 to 100.</param>
    public static double Of(IReadOnlyList<double> ascending, int percent) =>
        ascending.Count == 0 ? double.NaN : ascending[Math.Max(0, (int)Math.Ceiling(ascending.Count * percent / 100.0) - 1)];
}
