namespace AutoStack.Data.Cli.Bench;

/// <summary>The report as JSON.</summary>
/// <remarks>
/// <code>
/// {"server":{"version":"17.5","own":false,"maxConnections":100,"reserved":3,"others":12,"free":85},
///  "mix":[{"statement":"by-id","weight":45},…],"durationSeconds":3,"warmupSeconds":1,"seed":1,"instances":2,"p99AskedMs":50,
///  "saturation":4100.5,
///  "points":[{"poolSize":10,"rate":500,"arrivals":4512,"throughput":501.2,"wait":{"p50Ms":0.02,"p99Ms":0.3},
///   "execution":{"p50Ms":0.4,"p99Ms":2.1},"total":{"p50Ms":0.9,"p99Ms":3.2,"maxMs":9.8},"lateStartP99Ms":1.1,"timeouts":0,"refused":0,
///   "errors":{"57P01":3},"meetsP99":true,"runs":[{"throughput":501.2,"p99Ms":3.2},…]},…],
///  "recommendation":{"poolSize":10,"rate":500,"throughput":501.2,"p99Ms":3.2,"bestThroughput":503.8,
///   "connectionString":"Host=…;Maximum Pool Size=10","passwordLeftOut":true,"connectionsNeeded":22,"smallestPoolSize":8,
///   "largestPoolSize":12,"ratePerInstance":250},
///  "closestToP99":null,"warnings":[],"files":["out/pool.json",…],"repeats":3}
/// </code>
/// Throughput and rates are per second, of all instances together. A point has the medians of its runs, and the sums of arrivals,
/// timeouts, refused and errors. A quantile is null when the statement at that rank was lost. Saturation is null when rates were given.
/// Another run may recommend smallestPoolSize to largestPoolSize, which is null for any larger pool. Recommendation is null when no point
/// met p99AskedMs, and closestToP99 (poolSize, rate, throughput, p99Ms) then is the nearest point.
/// </remarks>
internal static class PoolJson
{
    public static object Of(PoolReport report) => new
    {
        Server = new
        {
            report.Server.Version,
            Own = report.OwnServer,
            report.Server.MaxConnections,
            report.Server.Reserved,
            report.Server.Others,
            report.Server.Free,
        },
        Mix = report.Plan.Mix.Parts.Select(part => new { Statement = StatementMix.NameOf(part.Statement), part.Weight }),
        DurationSeconds = report.Plan.Duration.TotalSeconds,
        WarmupSeconds = report.Plan.Warmup.TotalSeconds,
        report.Plan.Seed,
        report.Plan.Instances,
        P99AskedMs = report.Plan.P99.TotalMilliseconds,
        Saturation = report.Saturation is { } saturation ? Math.Round(saturation, 1) : (double?)null,
        Points = report.Points.Select(p => new
        {
            p.PoolSize,
            p.Rate,
            p.Arrivals,
            Throughput = Math.Round(p.Throughput, 1),
            p.Wait,
            p.Execution,
            Total = new { p.Total.P50Ms, p.Total.P99Ms, p.MaxMs },
            p.LateStartP99Ms,
            p.Timeouts,
            p.Refused,
            p.Errors,
            MeetsP99 = p.Meets(report.Plan.P99),
            Runs = p.Runs.Select(run => new { Throughput = Math.Round(run.Throughput, 1), run.Total.P99Ms }),
        }),
        Recommendation = report.Recommendation.Meets
            ? new
            {
                report.Recommendation.Best.PoolSize,
                report.Recommendation.Best.Rate,
                Throughput = Math.Round(report.Recommendation.Best.Throughput, 1),
                report.Recommendation.Best.Total.P99Ms,
                BestThroughput = Math.Round(report.Recommendation.BestThroughput, 1),
                report.ConnectionString,
                report.PasswordLeftOut,
                report.ConnectionsNeeded,
                SmallestPoolSize = report.Recommendation.Smallest,
                LargestPoolSize = report.Recommendation.Largest,
                RatePerInstance = Math.Round(report.Recommendation.Best.Rate / report.Plan.Instances, 1),
            }
            : null,
        ClosestToP99 = report.Recommendation.Meets
            ? null
            : new
            {
                report.Recommendation.Best.PoolSize,
                report.Recommendation.Best.Rate,
                Throughput = Math.Round(report.Recommendation.Best.Throughput, 1),
                report.Recommendation.Best.Total.P99Ms,
            },
        report.Warnings,
        report.Files,
        report.Plan.Repeats,
    };
}
