using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>Measures every pool size at every rate.</summary>
internal sealed class PoolSweep(BenchDatabase database, PoolPlan plan, Action<string> report)
{
    /// <summary>The points in order, and the saturation unless the plan has rates.</summary>
    public async Task<(IReadOnlyList<PoolPoint> Points, double? Saturation)> RunAsync(
        Workload workload, CancellationToken cancellationToken)
    {
        var saturation = plan.Rates is null ? await FindSaturationAsync(workload, cancellationToken).ConfigureAwait(false) : (double?)null;
        var rates = plan.Rates ?? PoolPlan.RatesFor(saturation!.Value);
        var places = plan.PoolSizes.SelectMany(size => rates.Select(rate => (Size: size, Rate: rate))).ToArray();

        // Tables grow and caches fill during the sweep: in ascending order, that would look like an effect of the pool size.
#pragma warning disable CA5394 // The same order on every run.
        new Random(plan.Seed).Shuffle(places);
#pragma warning restore CA5394
        var points = new List<PoolPoint>();
        foreach (var (size, rate) in places)
        {
            var pool = database.OpenPool(size);
            await using (pool.ConfigureAwait(false))
            {
                var generator = new LoadGenerator(pool, workload);
                await PrepareAsync(generator, size, cancellationToken).ConfigureAwait(false);
                var arrivals = Arrivals.Of(rate, plan.Warmup + plan.Duration, plan.Seed, plan.Mix);
                var result = await generator.RunAsync(arrivals, plan.Warmup, plan.Duration, cancellationToken).ConfigureAwait(false);
                var point = PoolPoint.Of(size, rate, result);
                points.Add(point);
                report(Line(points.Count, places.Length, point));
                if (point is { Throughput: 0, Errors.Count: > 0, Timeouts: 0 })
                {
                    throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                        $"Every statement failed ({string.Join(", ", point.Errors.Keys)})."));
                }
            }
        }

        return ([.. points.OrderBy(point => point.PoolSize).ThenBy(point => point.Rate)], saturation);
    }

    private async Task<double> FindSaturationAsync(Workload workload, CancellationToken cancellationToken)
    {
        var best = 0.0;
        foreach (var size in plan.PoolSizes)
        {
            var pool = database.OpenPool(size);
            await using (pool.ConfigureAwait(false))
            {
                var generator = new LoadGenerator(pool, workload);
                await PrepareAsync(generator, size, cancellationToken).ConfigureAwait(false);
                var throughput = await generator.SaturateAsync(size, plan.Mix, plan.Seed, plan.Warmup, plan.Duration, cancellationToken)
                    .ConfigureAwait(false);
                best = Math.Max(best, throughput);
                report(FormattableString.Invariant($"saturation  pool {size,4}  {throughput,8:0.0}/s"));
            }
        }

        return best;
    }

    private async Task PrepareAsync(LoadGenerator generator, int size, CancellationToken cancellationToken)
    {
        try
        {
            await generator.PrepareAsync(size, plan.Mix, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                $"The server had fewer than {size} connections left for the pool: {exception.MessageText}."));
        }
        catch (Exception exception) when (exception is NpgsqlException or DatabaseUnavailableException)
        {
            // A connection was lost; the pool replaces it, and the load counts further failures.
        }
    }

    private static string Line(int number, int count, PoolPoint point)
    {
        var p99 = PoolTable.Milliseconds(point.Total.P99Ms) + (point.Total.P99Ms is null ? "" : " ms");
        var failed = point.Lost > 0 ? $"  {PoolTable.Failed(point)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{number,4}/{count}  pool {point.PoolSize,4}  {point.Rate,8:0.##}/s offered  " +
            $"{point.Throughput,8:0.0}/s done  p99 {p99,10}{failed}");
    }
}
