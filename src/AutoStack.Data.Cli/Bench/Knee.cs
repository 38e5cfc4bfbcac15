namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// The points around the knee: the rates between the highest one that the best pool carried and the next one, and the pool sizes between
/// the best one and its neighbours.
/// </summary>
internal static class Knee
{
    // Thirds of the way from one measured value to the next.
    private const int Steps = 3;

    /// <summary>The largest number of points that <see cref="Places"/> returns.</summary>
    public static int MostPoints(PoolPlan plan)
    {
        var known = Math.Min(plan.PoolSizes.Count, 3);
        return (known * (Steps - 1)) + (plan.RefinesSizes ? (known - 1) * (Steps - 1) * Steps : 0);
    }

    /// <summary>The points to measure in addition, or none when no point met the latency.</summary>
    public static IReadOnlyList<(int Size, double Rate)> Places(
        IReadOnlyCollection<PoolPoint> points, PoolPlan plan, Recommendation recommendation)
    {
        if (!recommendation.Meets)
        {
            return [];
        }

        var (best, rate) = (recommendation.Best.PoolSize, recommendation.Best.Rate);
        var higher = points.Select(point => point.Rate).Where(other => other > rate).Order().FirstOrDefault();
        List<double> rates = higher == 0 ? [] : [.. Enumerable.Range(1, Steps - 1)
            .Select(step => PoolPlan.TwoDigits(rate + ((higher - rate) * step / Steps)))
            .Where(between => between > rate && between < higher)];
        int?[] neighbours =
            [plan.PoolSizes.LastOrDefault(size => size < best), best, plan.PoolSizes.FirstOrDefault(size => size > best)];
        List<int> sizes = [.. neighbours.OfType<int>().Where(size => size > 0)];
        var finer = plan.RefinesSizes ? sizes.Zip(sizes.Skip(1)).SelectMany(pair => Between(pair.First, pair.Second)) : [];
        return [.. sizes.SelectMany(size => rates.Select(between => (size, between)))
            .Concat(finer.SelectMany(size => rates.Prepend(rate).Select(between => (size, between))))
            .Except(points.Select(point => (point.PoolSize, point.Rate)))];
    }

    // Equal factors, as the sizes of the plan have about.
    private static IEnumerable<int> Between(int small, int large) => Enumerable.Range(1, Steps - 1)
        .Select(step => (int)Math.Round(small * Math.Pow((double)large / small, (double)step / Steps)))
        .Where(size => size > small && size < large).Distinct();
}
