namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// How far the medians of another run may lie from those of this one. The measurements of all points are taken together, since three of one
/// point say little: their spread is that of the logarithms, so that it is a factor.
/// </summary>
internal sealed class Variation
{
    // A point far beyond the latency varies in another way than one that decides.
    private const double Near = 4;

    // The standard error of a median, divided by that of a mean, for many measurements; for three the quotient is a little smaller.
    private static readonly double OfMedian = Math.Sqrt(Math.PI / 2);

    // Student's t, two-sided, 99.9 %, by degrees of freedom. Many points take part in one answer: at 99 % one of them would often lie
    // outside.
    private static readonly (int Freedom, double T)[] Student =
    [
        (1, 636.6), (2, 31.60), (3, 12.92), (4, 8.61), (5, 6.87), (6, 5.96), (8, 5.04), (10, 4.59), (14, 4.14), (20, 3.85), (40, 3.55),
        (100, 3.39),
    ];

    private readonly Spread latency;
    private readonly Spread throughput;

    public Variation(IEnumerable<PoolPoint> points, TimeSpan p99)
    {
        var near = points.Where(point => point.Runs.Count > 1 && Latency(point) <= Near * p99.TotalMilliseconds).ToList();
        latency = new Spread(near, Latency);
        throughput = new Spread(near, run => run.Throughput);
    }

    /// <summary>The range of the median p99 of another run, in milliseconds.</summary>
    public (double Low, double High) P99(PoolPoint point) => latency.Around(point);

    /// <summary>The range of the median throughput of another run, per second.</summary>
    public (double Low, double High) Throughput(PoolPoint point) => throughput.Around(point);

    // A lost statement waited at least as long as statements may wait.
    private static double Latency(PoolPoint point) => Math.Max(0.001, point.Total.P99Ms ?? LoadGenerator.WaitLimit.TotalMilliseconds);

    private sealed class Spread
    {
        private readonly Func<PoolPoint, double> value;
        private readonly double pooled;
        private readonly int freedom;

        public Spread(IReadOnlyCollection<PoolPoint> points, Func<PoolPoint, double> value)
        {
            this.value = value;
            freedom = points.Sum(point => point.Runs.Count - 1);
            pooled = freedom == 0 ? 0 : Math.Sqrt(points.Sum(Squares) / freedom);
        }

        public (double Low, double High) Around(PoolPoint point)
        {
            var middle = value(point);
            if (point.Runs.Count < 2)
            {
                return (middle, middle);
            }

            // The own spread counts where it is larger, and with it the few measurements that it is known from.
            var (own, known) = (Math.Sqrt(Squares(point) / (point.Runs.Count - 1)), point.Runs.Count - 1);
            var deviation = freedom == 0 ? own : Math.Max(own, pooled);
            var factor = Math.Exp(T(Math.Max(freedom, known)) * deviation * OfMedian * Math.Sqrt(2.0 / point.Runs.Count));
            return (middle / factor, middle * factor);
        }

        private double Squares(PoolPoint point)
        {
            var logarithms = point.Runs.Select(run => Math.Log(Math.Max(value(run), 0.001))).ToList();
            var mean = logarithms.Average();
            return logarithms.Sum(logarithm => (logarithm - mean) * (logarithm - mean));
        }

        private static double T(int freedom) => Student.Last(row => row.Freedom <= freedom).T;
    }
}
