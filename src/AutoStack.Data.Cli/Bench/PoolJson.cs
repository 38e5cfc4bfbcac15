namespace AutoStack.Data.Cli.Bench;

/// <summary>The report as JSON; its shape is documented with <see cref="Output.JsonResults"/>.</summary>
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
