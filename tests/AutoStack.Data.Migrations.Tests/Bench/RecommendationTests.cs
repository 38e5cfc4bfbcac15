using AutoStack.Data.Cli.Bench;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed class RecommendationTests
{
    private static readonly TimeSpan P99 = TimeSpan.FromMilliseconds(50);

    [Test]
    public void The_smallest_pool_within_5_percent_of_the_best_is_recommended()
    {
        var chosen = Recommendation.Choose(
            [
                Point(2, 1000, 700, 900), Point(5, 500, 500, 4), Point(5, 1000, 951, 20), Point(10, 1000, 1000, 10),
                Point(20, 1000, 999, 9),
            ],
            P99);

        Assert.That((chosen.Meets, chosen.Best.PoolSize, chosen.Best.Rate, chosen.BestThroughput), Is.EqualTo((true, 5, 1000d, 1000d)));
    }

    [Test]
    public void A_smaller_pool_with_too_little_throughput_is_not_recommended()
    {
        var chosen = Recommendation.Choose([Point(5, 1000, 949, 20), Point(10, 1000, 1000, 10)], P99);

        Assert.That(chosen.Best.PoolSize, Is.EqualTo(10));
    }

    [Test]
    public void Throughput_beyond_the_latency_limit_does_not_count()
    {
        var chosen = Recommendation.Choose(
            [Point(5, 500, 500, 50), Point(5, 1000, 900, 51), Point(60, 500, 495, 20), Point(60, 1000, 1000, null)], P99);

        Assert.That((chosen.Best.PoolSize, chosen.Best.Rate, chosen.BestThroughput), Is.EqualTo((5, 500d, 500d)));
    }

    [Test]
    public void When_no_point_meets_the_latency_the_nearest_is_reported()
    {
        var chosen = Recommendation.Choose(
            [Point(1, 500, 480, null), Point(5, 500, 500, 80), Point(10, 500, 500, 75), Point(20, 900, 900, 75)], P99);

        Assert.That((chosen.Meets, chosen.Best.PoolSize, chosen.Best.Rate), Is.EqualTo((false, 20, 900d)));
    }

    [Test]
    public void When_all_points_are_lost_the_highest_throughput_is_nearest()
    {
        var chosen = Recommendation.Choose([Point(1, 500, 100, null), Point(5, 500, 300, null)], P99);

        Assert.That((chosen.Meets, chosen.Best.PoolSize), Is.EqualTo((false, 5)));
    }

    [TestCase(7, 77, false)]
    [TestCase(8, 88, true)]
    public void Too_many_instances_for_the_server_are_a_warning(int instances, int needed, bool warned)
    {
        var server = new ServerLimits("17.5", MaxConnections: 100, Reserved: 3, Others: 12, Free: 85);
        PoolPoint[] points = [Point(10, 500, 500, 5), Point(10, 900, 700, 80)];
        var warnings = Recommendation.Warnings(Plan(instances), server, points, Recommendation.Choose(points, P99)).ToList();

        if (warned)
        {
            Assert.That(warnings, Has.One.Contains($"{needed} connections").And.One.Contains("85 left"));
            Assert.That(warnings, Has.One.Contains("max_connections 100 less 3 reserved and 12 in use"));
        }
        else
        {
            Assert.That(warnings, Is.Empty);
        }
    }

    [Test]
    public void An_unreached_limit_a_late_generator_and_errors_are_warnings()
    {
        PoolPoint[] points =
        [
            Point(10, 500, 500, 5) with { LateStartP99Ms = 40 },
            Point(20, 500, 480, 5) with { Errors = new Dictionary<string, int> { ["57P01"] = 3 } },
        ];

        var server = new ServerLimits("17.5", 100, 3, 0, 97);
        var warnings = Recommendation.Warnings(Plan(1), server, points, Recommendation.Choose(points, P99)).ToList();

        Assert.That(warnings, Has.Count.EqualTo(3).And.One.Contains("higher --rates").And.One.Contains("more than 40 ms late"));
        Assert.That(warnings, Has.One.Contains("57P01 × 3"));
    }

    [TestCase("Host=db;Username=app;Password=s3cret-pass;SSL Password=s3cret-pass", 10, 10, true)]
    [TestCase("Host=db;Username=app;Password=s3cret-pass;Minimum Pool Size=40;Maximum Pool Size=60", 10, 10, true)]
    [TestCase("Host=db;Username=app;Minimum Pool Size=2", 40, 2, false)]
    [TestCase("Host=db;Username=app", 40, 20, false)]
    [TestCase(null, 5, 5, false)]
    public void The_recommended_string_has_the_pool_size_and_no_password(string? given, int size, int least, bool leftOut)
    {
        var builder = given is null ? null : new NpgsqlConnectionStringBuilder(given);
        var (text, passwordLeftOut) = Recommendation.ConnectionString(builder, size);
        var parsed = new NpgsqlConnectionStringBuilder(text);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((parsed.MaxPoolSize, parsed.MinPoolSize), Is.EqualTo((size, least)));
            Assert.That((parsed.Password, parsed.SslPassword), Is.EqualTo(((string?)null, (string?)null)));
            Assert.That((parsed.Host, parsed.Username), Is.EqualTo(given is null ? ((string?)null, (string?)null) : ("db", "app")));
            Assert.That(text, Does.Not.Contain("s3cret"));
            Assert.That(passwordLeftOut, Is.EqualTo(leftOut));
        }
    }

    [Test]
    public void Lost_quantiles_are_empty_cells_and_gaps_in_plots()
    {
        PoolPoint[] points = [Point(1, 500, 100, null), Point(5, 500, 300.5, 7)];
        var report = new PoolReport
        {
            Plan = Plan(1),
            Server = new ServerLimits("17.5", 100, 3, 0, 97),
            OwnServer = false,
            Saturation = null,
            Points = points,
            Recommendation = Recommendation.Choose(points, P99),
            ConnectionString = null,
            PasswordLeftOut = false,
            Warnings = [],
        };

        var rows = PoolFiles.CsvOf(points).Split('\n');
        using (Assert.EnterMultipleScope())
        {
            Assert.That(rows[1], Is.EqualTo("1,500,500,100,0.1,0.2,0.3,0.4,0.5,,9,1,0,0,0,1,100,100,,"));
            Assert.That(rows[2], Is.EqualTo("5,500,500,300.5,0.1,0.2,0.3,0.4,0.5,7,9,1,0,0,0,1,300.5,300.5,7,7"));
            Assert.That(rows[0].Split(','), Has.Length.EqualTo(rows[1].Split(',').Length));
            Assert.That(PoolPlots.Of(report).Values, Is.All.Contains("<svg").And.All.Not.Contains("NaN"));
        }
    }

    private static PoolPlan Plan(int instances) => new()
    {
        PoolSizes = [10],
        Rates = [500],
        Duration = TimeSpan.FromSeconds(1),
        Warmup = TimeSpan.Zero,
        Mix = new StatementMix([(LoadStatement.ById, 1)]),
        P99 = P99,
        Instances = instances,
        Seed = 1,
    };

    private static PoolPoint Point(int size, double rate, double throughput, double? p99) => new()
    {
        PoolSize = size,
        Rate = rate,
        Arrivals = (int)rate,
        Throughput = throughput,
        Wait = new Latency(0.1, 0.2),
        Execution = new Latency(0.3, 0.4),
        Total = new Latency(0.5, p99),
        MaxMs = 9,
        LateStartP99Ms = 1,
        Timeouts = 0,
        Refused = 0,
        Errors = new Dictionary<string, int>(),
    };
}
