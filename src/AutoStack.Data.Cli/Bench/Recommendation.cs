using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The recommended pool size of each instance.</summary>
/// <param name="Meets">True when a point met the latency; otherwise <paramref name="Best"/> is only the nearest point.</param>
/// <param name="Best">The recommended size at the highest throughput that it reached within the latency.</param>
/// <param name="BestThroughput">The highest throughput of all points within the latency.</param>
internal sealed record Recommendation(bool Meets, PoolPoint Best, double BestThroughput)
{
    // A smaller difference is within the variation between two runs.
    private const double Close = 0.95;

    /// <summary>The smallest size that another run may recommend.</summary>
    public int Smallest { get; private init; } = Best.PoolSize;

    /// <summary>The largest size that another run may recommend; null when that may be more than the largest measured one.</summary>
    public int? Largest { get; private init; } = Best.PoolSize;

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
        return new Recommendation(true, within.Where(point => point.PoolSize == smallest).MaxBy(point => point.Throughput)!, best)
            .WithRange(points, p99);
    }

    // A size may be recommended when its throughput may be close to that of every other one, and certainly is enough when it is close to
    // the highest that any other one may have.
    private Recommendation WithRange(IReadOnlyCollection<PoolPoint> points, TimeSpan p99)
    {
        var variation = new Variation(points, p99);
        var limit = p99.TotalMilliseconds;
        var sizes = points.GroupBy(point => point.PoolSize).OrderBy(size => size.Key).Select(size => (
            Size: size.Key,
            Certain: Best(size, point => variation.P99(point).High <= limit, point => variation.Throughput(point).Low),
            Possible: Best(size, point => variation.P99(point).Low <= limit, point => variation.Throughput(point).High))).ToList();
        var possible = sizes.Where(one => one.Possible > 0
            && sizes.All(other => other.Size == one.Size || one.Possible >= other.Certain * Close));
        var certain = sizes.Where(one => one.Certain > 0
            && sizes.All(other => other.Size == one.Size || one.Certain >= other.Possible * Close));
        return this with
        {
            Smallest = possible.Select(one => one.Size).Append(this.Best.PoolSize).Min(),
            Largest = certain.Select(one => (int?)Math.Max(one.Size, this.Best.PoolSize)).FirstOrDefault(),
        };

        static double Best(IEnumerable<PoolPoint> size, Func<PoolPoint, bool> counts, Func<PoolPoint, double> throughput) =>
            size.Where(counts).Select(throughput).Append(0).Max();
    }

    /// <summary>Reasons not to rely on the figures, or on the recommendation.</summary>
    public static IEnumerable<string> Warnings(
        PoolPlan plan, ServerLimits server, IReadOnlyList<PoolPoint> points, Recommendation recommendation)
    {
        var asked = plan.P99.TotalMilliseconds;
        if (recommendation.Meets)
        {
            var needed = plan.ConnectionsFor(recommendation.Best.PoolSize);
            if (needed > server.Free)
            {
                var isLimited = server.Free < server.MaxConnections - server.Reserved - server.Others;
                yield return $"{Count(plan.Instances, "instance")}, each with a pool of {recommendation.Best.PoolSize} and a listening " +
                    $"connection, need {needed} connections, and the server has {server.Free} left: max_connections " +
                    $"{server.MaxConnections} less {server.Reserved} reserved and {server.Others} in use (by running instances too)" +
                    (isLimited ? ", within the connection limit of the database or the role." : ".");
            }

            if (recommendation.Largest is null)
            {
                yield return "A larger pool may be better: the measurements vary too much to exclude it. More --repeats or a longer " +
                    "--duration narrow that.";
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
