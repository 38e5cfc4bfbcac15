using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The recommended pool size.</summary>
/// <param name="Meets">True when a point met the latency; otherwise <paramref name="Best"/> is only the nearest point.</param>
/// <param name="Best">The recommended size at the highest throughput that it reached within the latency.</param>
/// <param name="BestThroughput">The highest throughput of all points within the latency.</param>
internal sealed record Recommendation(bool Meets, PoolPoint Best, double BestThroughput)
{
    // A smaller difference is within the variation between two runs.
    private const double Close = 0.95;

    /// <summary>The smallest pool within 5 % of the best throughput of the points that meet the latency.</summary>
    public static Recommendation Choose(IReadOnlyCollection<PoolPoint> points, TimeSpan p99)
    {
        var within = points.Where(point => point.Meets(p99)).ToList();
        if (within.Count == 0)
        {
            var nearest = points.OrderBy(point => point.Total.P99Ms ?? double.MaxValue)
                .ThenByDescending(point => point.Throughput).ThenBy(point => point.PoolSize).First();
            return new Recommendation(false, nearest, 0);
        }

        var best = within.Max(point => point.Throughput);
        var smallest = within.Where(point => point.Throughput >= best * Close).Min(point => point.PoolSize);
        return new Recommendation(true, within.Where(point => point.PoolSize == smallest).MaxBy(point => point.Throughput)!, best);
    }

    /// <summary>Reasons not to rely on the figures, or on the recommendation.</summary>
    public static IEnumerable<string> Warnings(
        PoolPlan plan, ServerLimits server, IReadOnlyList<PoolPoint> points, Recommendation recommendation)
    {
        var asked = plan.P99.TotalMilliseconds;
        if (recommendation.Meets)
        {
            var needed = plan.Instances * (recommendation.Best.PoolSize + 1);
            if (needed > server.Free)
            {
                var isLimited = server.Free < server.MaxConnections - server.Reserved - server.Others;
                yield return $"{Count(plan.Instances, "instance")}, each with a pool of {recommendation.Best.PoolSize} and a listening " +
                    $"connection, need {needed} connections, and the server has {server.Free} left: max_connections " +
                    $"{server.MaxConnections} less {server.Reserved} reserved and {server.Others} in use (by running instances too)" +
                    (isLimited ? ", within the connection limit of the database or the role." : ".");
            }

            if (recommendation.Best.Rate >= points.Max(point => point.Rate))
            {
                yield return FormattableString.Invariant(
                    $"The recommended pool reached the highest rate, {recommendation.Best.Rate:0}/s; higher --rates find its limit.");
            }
        }

        if (points.Where(point => point.LateStartP99Ms > Math.Max(5, asked / 4)).MaxBy(point => point.LateStartP99Ms) is { } late)
        {
            yield return FormattableString.Invariant(
                $"At {late.Rate:0}/s, this process started 1 % of the statements more than {late.LateStartP99Ms:0} ms late: ") +
                "the machine that makes the load is the bottleneck.";
        }

        if (points.Any(point => point.Errors.Count > 0))
        {
            var kinds = points.SelectMany(point => point.Errors).GroupBy(error => error.Key)
                .Select(kind => $"{kind.Key} × {kind.Sum(error => error.Value)}");
            yield return $"Statements failed: {string.Join(", ", kinds)}.";
        }
    }

    /// <summary>The given connection string with the pool size and without secrets; for null, the settings of the pool alone.</summary>
    public static (string Text, bool PasswordLeftOut) ConnectionString(NpgsqlConnectionStringBuilder? given, int poolSize)
    {
        var builder = new NpgsqlConnectionStringBuilder(given?.ConnectionString ?? "");
        var secret = !string.IsNullOrEmpty(builder.Password);
        foreach (var keyword in (string[])["Password", "SSL Password"])
        {
            secret |= builder.Remove(keyword) && keyword != "Password";
        }

        // The library's default minimum is 20, or the maximum when that is smaller. Npgsql refuses a minimum above the maximum.
        builder.MinPoolSize = Math.Min(given?.ShouldSerialize("Minimum Pool Size") == true ? given.MinPoolSize : 20, poolSize);
        builder.MaxPoolSize = poolSize;
        return (builder.ConnectionString, secret);
    }

    private static string Count(int number, string noun) => Output.Screen.Count(number, noun);
}
