namespace AutoStack.Data.Benchmarks.Running;

/// <summary>What one subject took in one case: medians for one operation.</summary>
/// <param name="Case">The case, for people: <c>log page, place first</c>.</param>
/// <param name="Subject">Who was asked.</param>
/// <param name="IsBaseline">True for the one that the others are compared with.</param>
/// <param name="Nanoseconds">Time.</param>
/// <param name="Bytes">Bytes allocated in the process.</param>
internal sealed record Measurement(string Case, string Subject, bool IsBaseline, double Nanoseconds, double Bytes);

/// <summary>A measurement beside the baseline of its case.</summary>
internal sealed record Comparison(Measurement Measurement, double TimeRatio, double BytesRatio)
{
    /// <summary>Every measurement beside the baseline of its case, in their order. Cases without baseline are left out.</summary>
    public static IReadOnlyList<Comparison> Of(IReadOnlyList<Measurement> measurements)
    {
        var baselines = measurements.Where(m => m.IsBaseline).ToDictionary(m => m.Case);
        return [.. measurements
            .Where(m => baselines.ContainsKey(m.Case))
            .Select(m => new Comparison(m, m.Nanoseconds / baselines[m.Case].Nanoseconds, m.Bytes / baselines[m.Case].Bytes))];
    }
}
