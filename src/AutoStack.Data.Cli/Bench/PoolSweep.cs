using System.Globalization;

namespace AutoStack.Data.Cli.Bench;

/// <summary>Measures every pool size at every rate several times, then the points around the knee.</summary>
internal sealed class PoolSweep(IPoolLoad load, PoolPlan plan, Action<string> report)
{
    // A pool that carries less in a closed loop has no chance at a rate further above: its backlog grows until the end.
    private const double Beyond = 1.1;

    private readonly List<PoolPoint> points = [];

#pragma warning disable CA5394 // Not a secret: the same order on every run.
    private readonly Random random = new(plan.Seed);
#pragma warning restore CA5394

    /// <summary>The points, ordered by pool size and rate, and the saturation unless the plan has rates.</summary>
    public async Task<(IReadOnlyList<PoolPoint> Points, double? Saturation)> RunAsync(CancellationToken cancellationToken)
    {
        if (plan.Rates is { } given)
        {
            await MeasureAsync([.. plan.PoolSizes.SelectMany(size => given.Select(rate => (size, rate)))], cancellationToken)
                .ConfigureAwait(false);
            return (Ordered(), null);
        }

        var carried = await SaturateAsync(cancellationToken).ConfigureAwait(false);
        var saturation = carried.Values.Max();
        var rates = PoolPlan.RatesFor(saturation);
        await MeasureAsync(
            [.. plan.PoolSizes.SelectMany(size => UpToFirstBeyond(rates, carried[size]).Select(rate => (size, rate)))],
            cancellationToken).ConfigureAwait(false);

        var finer = Knee.Places(points, plan, Recommendation.Choose(points, plan.P99));
        if (finer.Count > 0)
        {
            report($"{finer.Count} more points around the knee:");
            await MeasureAsync(finer, cancellationToken).ConfigureAwait(false);
        }

        return (Ordered(), saturation);
    }

    private List<PoolPoint> Ordered() => [.. points.OrderBy(point => point.PoolSize).ThenBy(point => point.Rate)];

    private static IEnumerable<double> UpToFirstBeyond(IReadOnlyList<double> rates, double carried) =>
        rates.Take(1 + rates.TakeWhile(rate => rate <= carried * Beyond).Count());

    private async Task<Dictionary<int, double>> SaturateAsync(CancellationToken cancellationToken)
    {
        var measured = plan.PoolSizes.ToDictionary(size => size, _ => new List<double>());
        foreach (var (size, seed) in Shuffled(plan.PoolSizes))
        {
            var throughput = await load.SaturateAsync(size, seed, cancellationToken).ConfigureAwait(false);
            measured[size].Add(throughput);
            report(FormattableString.Invariant($"saturation  pool {size,4}  {throughput,8:0.0}/s"));
        }

        return measured.ToDictionary(size => size.Key, size => size.Value.Order().ElementAt(size.Value.Count / 2));
    }

    private async Task MeasureAsync(IReadOnlyCollection<(int Size, double Rate)> places, CancellationToken cancellationToken)
    {
        var runs = new List<PoolPoint>();
        foreach (var (place, seed) in Shuffled(places))
        {
            var run = await load.MeasureAsync(place.Size, place.Rate, seed, cancellationToken).ConfigureAwait(false);
            runs.Add(run);
            report(Line(runs.Count, places.Count * plan.Repeats, run));
            if (run is { Throughput: 0, Errors.Count: > 0, Timeouts: 0 })
            {
                throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                    $"Every statement failed ({string.Join(", ", run.Errors.Keys)})."));
            }
        }

        points.AddRange(runs.GroupBy(run => (run.PoolSize, run.Rate)).Select(point => PoolPoint.Of([.. point])));
    }

    // Tables grow and caches fill during the sweep: in ascending order, that would look like an effect of the pool size. The repeats of a
    // point are spread over the sweep, so that a disturbance of some seconds does not hit all of them. Every pool size gets the same loads.
    private (T Place, int Seed)[] Shuffled<T>(IEnumerable<T> places)
    {
        var all = places.SelectMany(place => Enumerable.Range(0, plan.Repeats).Select(repeat => (place, SeedOf(repeat)))).ToArray();
#pragma warning disable CA5394 // The same order on every run.
        random.Shuffle(all);
#pragma warning restore CA5394
        return all;
    }

    // The loads of two seeds have none in common.
    private int SeedOf(int repeat) => unchecked((plan.Seed * 1_009) + repeat);

    private static string Line(int number, int count, PoolPoint point)
    {
        var p99 = PoolTable.Milliseconds(point.Total.P99Ms) + (point.Total.P99Ms is null ? "" : " ms");
        var failed = point.Lost > 0 ? $"  {PoolTable.Failed(point)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{number,4}/{count}  pool {point.PoolSize,4}  {point.Rate,8:0.##}/s offered  " +
            $"{point.Throughput,8:0.0}/s done  p99 {p99,10}{failed}");
    }
}
