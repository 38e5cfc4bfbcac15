using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The pool size to take.</summary>
/// <param name="Meets">A point met the latency asked for; otherwise nothing is recommended, and <paramref name="Best"/> is only the least bad.</param>
/// <param name="Best">The recommended size at the highest rate that it carried within the latency.</param>
/// <param name="BestThroughput">The largest throughput of all points within the latency.</param>
internal sealed record Recommendation(bool Meets, PoolPoint Best, double BestThroughput)
{
    // Less is within what one run differs from the next.
    private const double Close = 0.95;

    /// <summary>The smallest pool within 5 % of the best throughput that meets the latency asked for.</summary>
    public static Recommendation Choose(IReadOnlyCollection<PoolPoint> points, TimeSpan p99)
    {
        var within = points.Where(point => point.Meets(p99)).ToList();
        if (within.Count == 0)
        {
            var leastBad = points.OrderBy(point => point.Total.P99Ms ?? double.MaxValue).ThenByDescending(point => point.Throughput).ThenBy(point => point.PoolSize).First();
            return new Recommendation(false, leastBad, 0);
        }

        var best = within.Max(point => point.Throughput);
        var smallest = within.Where(point => point.Throughput >= best * Close).Min(point => point.PoolSize);
        return new Recommendation(true, within.Where(point => point.PoolSize == smallest).MaxBy(point => point.Throughput)!, best);
    }

    /// <summary>What to beware of.</summary>
    public static IEnumerable<string> Warnings(PoolPlan plan, ServerLimits server, IReadOnlyList<PoolPoint> points, Recommendation recommendation)
    {
        var asked = plan.P99.TotalMilliseconds;
        if (recommendation.Meets)
        {
            var needed = plan.Instances * (recommendation.Best.PoolSize + 1);
            if (needed > server.Free)
            {
                yield return $"{Count(plan.Instances, "instance")} with a pool of {recommendation.Best.PoolSize} and a listening connection each need {needed} connections, and the server has " +
                    $"{server.Free} to give: max_connections {server.MaxConnections} less {server.Reserved} reserved and {server.Others} that others hold (running instances are among them)" +
                    (server.Free < server.MaxConnections - server.Reserved - server.Others ? ", and the connection limit of the database or the role." : ".");
            }

            if (recommendation.Best.Rate >= points.Max(point => point.Rate))
            {
                yield return FormattableString.Invariant($"The highest rate, {recommendation.Best.Rate:0} per second, was carried: where the limit lies was not seen. Higher --rates find it.");
            }
        }

        if (points.Where(point => point.LateStartP99Ms > Math.Max(5, asked / 4)).MaxBy(point => point.LateStartP99Ms) is { } late)
        {
            yield return FormattableString.Invariant(
                $"This process itself was late: at {late.Rate:0} per second 1 % of the statements started more than {late.LateStartP99Ms:0} ms after their time. ") +
                "The machine that makes the load is its limit, and total times hold that wait.";
        }

        if (points.Any(point => point.Errors.Count > 0))
        {
            var kinds = points.SelectMany(point => point.Errors).GroupBy(error => error.Key).Select(kind => $"{kind.Key} × {kind.Sum(error => error.Value)}");
            yield return $"Statements failed: {string.Join(", ", kinds)}.";
        }
    }

    /// <summary>The connection string that was given, with the pool size and without secrets; null was given: the pool's settings alone.</summary>
    public static (string Text, bool PasswordLeftOut) ConnectionString(NpgsqlConnectionStringBuilder? given, int poolSize)
    {
        var builder = new NpgsqlConnectionStringBuilder(given?.ConnectionString ?? "");
        var secret = !string.IsNullOrEmpty(builder.Password);
        foreach (var keyword in (string[])["Password", "SSL Password"])
        {
            secret |= builder.Remove(keyword) && keyword != "Password";
        }

        // The least is 20 for the library, or the most when that is less; what was given above the new most would be refused.
        builder.MinPoolSize = Math.Min(given?.ShouldSerialize("Minimum Pool Size") == true ? given.MinPoolSize : 20, poolSize);
        builder.MaxPoolSize = poolSize;
        return (builder.ConnectionString, secret);
    }

    private static string Count(int number, string noun) => Output.Screen.Count(number, noun);
}
