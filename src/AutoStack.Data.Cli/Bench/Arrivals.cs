namespace AutoStack.Data.Cli.Bench;

/// <summary>A statement with its intended start, counted from the start of the load. The pick selects the rows of the statement.</summary>
internal readonly record struct Arrival(TimeSpan At, LoadStatement Statement, int Pick);

/// <summary>Arrivals of many independent users: a Poisson process, whose intervals are exponential.</summary>
internal static class Arrivals
{
    /// <summary>The arrivals of a load, in order. The same seed makes the same arrivals: every pool size gets the same load.</summary>
    public static IEnumerable<Arrival> Of(double perSecond, TimeSpan length, int seed, StatementMix mix)
    {
        // Not a secret: the sequence must be the same on every run.
#pragma warning disable CA5394
        var random = new Random(seed);
        var seconds = 0.0;
        while (true)
        {
            // 1 - x is never zero; the logarithm of zero is infinite.
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
