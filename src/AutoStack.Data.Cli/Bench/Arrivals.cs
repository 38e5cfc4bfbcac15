namespace AutoStack.Data.Cli.Bench;

/// <summary>When a statement is meant to start, counted from the beginning of the load, and which one. The pick chooses its rows.</summary>
internal readonly record struct Arrival(TimeSpan At, LoadStatement Statement, int Pick);

/// <summary>Arrivals of many users who know nothing of each other: a Poisson process, whose intervals are exponential.</summary>
internal static class Arrivals
{
    /// <summary>The arrivals of a load, in order. The same seed makes the same ones: pools of different size get the same load.</summary>
    public static IEnumerable<Arrival> Of(double perSecond, TimeSpan length, int seed, StatementMix mix)
    {
        // Not for secrets: the sequence must be the same on every run.
#pragma warning disable CA5394
        var random = new Random(seed);
        var seconds = 0.0;
        while (true)
        {
            // 1 - x is never zero, whose logarithm is infinite.
            seconds -= Math.Log(1 - random.NextDouble()) / perSecond;
            if (seconds >= length.TotalSeconds)
            {
                yield break;
            }

            yield return new Arrival(TimeSpan.FromSeconds(seconds), mix.Next(random), random.Next());
        }
#pragma warning restore CA5394
    }
}
