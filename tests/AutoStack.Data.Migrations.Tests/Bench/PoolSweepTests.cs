using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Migrations.Tests.Bench;

/// <summary>The order, the number and the meaning of measurements, on a server that is computed.</summary>
public sealed class PoolSweepTests
{
    private static readonly TimeSpan P99 = TimeSpan.FromMilliseconds(50);

    private static readonly int[] Defaults = [1, 2, 5, 10, 20, 40, 60];

    [Test]
    public async Task Every_point_is_measured_three_times_with_three_loads_which_all_points_share()
    {
        var server = new FakeServer(perConnection: 500, saturation: 5_000);

        var (points, saturation) = await SweepAsync(server, Plan());

        using (Assert.EnterMultipleScope())
        {
            Assert.That(saturation, Is.EqualTo(5_000));
            Assert.That(server.Saturated.GroupBy(size => size).Select(size => size.Count()), Is.All.EqualTo(3));
            Assert.That(server.Measured.Select(run => run.Seed).Distinct().Count(), Is.EqualTo(3));
            Assert.That(server.Measured.GroupBy(run => (run.Size, run.Rate)).Select(runs => runs.DistinctBy(run => run.Seed).Count()),
                Is.All.EqualTo(3));
            Assert.That(points.Select(point => point.Runs.Count), Is.All.EqualTo(3));
            Assert.That(server.Measured.Take(9).Select(run => run.Size).Distinct().Count(), Is.GreaterThan(1), "the order is shuffled");
        }
    }

    [Test]
    public async Task A_pool_is_not_offered_more_than_the_first_rate_beyond_what_it_carries()
    {
        var (points, _) = await SweepAsync(new FakeServer(perConnection: 500, saturation: 5_000), Plan());

        // 25, 50, … % of 5,000; one connection carries 500.
        Assert.That(points.Where(point => point.PoolSize == 1).Select(point => point.Rate), Is.EqualTo(new[] { 1_200d }));
        Assert.That(points.Where(point => point.PoolSize == 5).Select(point => point.Rate), Is.SupersetOf(new[] { 1_200d, 2_500, 3_800 }));
        Assert.That(points.Where(point => point.PoolSize == 5).Max(point => point.Rate), Is.LessThan(5_500));
    }

    [Test]
    public async Task Rates_and_sizes_are_finer_around_the_knee()
    {
        var (points, _) = await SweepAsync(new FakeServer(perConnection: 500, saturation: 5_000), Plan());
        var chosen = Recommendation.Choose(points, P99);

        using (Assert.EnterMultipleScope())
        {
            // Between 90 and 110 % of the saturation, and between 5, 10 and 20 connections.
            Assert.That(points.Select(point => point.Rate).Distinct().Order(), Is.SupersetOf(new[] { 4_500d, 4_800, 5_200, 5_500 }));
            Assert.That(points.Select(point => point.PoolSize).Distinct().Order(),
                Is.EqualTo(new[] { 1, 2, 5, 6, 8, 10, 13, 16, 20, 40, 60 }));
            Assert.That(chosen.Best.PoolSize, Is.EqualTo(10));
        }
    }

    [Test]
    public async Task Given_sizes_and_rates_are_measured_as_they_are()
    {
        var server = new FakeServer(perConnection: 500, saturation: 5_000);
        var plan = Plan() with { PoolSizes = [5, 10], Rates = [1_000, 4_000], RefinesSizes = false };

        var (points, saturation) = await SweepAsync(server, plan);

        Assert.That(saturation, Is.Null);
        Assert.That(server.Saturated, Is.Empty);
        Assert.That(points.Select(point => (point.PoolSize, point.Rate)),
            Is.EqualTo(new[] { (5, 1_000d), (5, 4_000), (10, 1_000), (10, 4_000) }));
    }

    [TestCase(1, 10)]
    [TestCase(4, 3)]
    [TestCase(8, 2)]
    public async Task Instances_share_the_saturation_of_the_server(int instances, int size)
    {
        var plan = Plan() with { Instances = instances, PoolSizes = [.. Enumerable.Range(1, 12)], RefinesSizes = false };

        var (points, saturation) = await SweepAsync(new FakeServer(perConnection: 500, saturation: 5_000, instances), plan);
        var chosen = Recommendation.Choose(points, P99);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(saturation, Is.EqualTo(5_000).Within(1).Percent);
            Assert.That(chosen.Best.PoolSize, Is.EqualTo(size), $"{size * instances} connections in all");
        }
    }

    [Test]
    public async Task Without_disturbance_the_answer_is_sure()
    {
        var (points, _) = await SweepAsync(new FakeServer(perConnection: 500, saturation: 5_000), Plan());
        var chosen = Recommendation.Choose(points, P99);

        Assert.That((chosen.Smallest, chosen.Largest), Is.EqualTo((chosen.Best.PoolSize, (int?)chosen.Best.PoolSize)));
    }

    [TestCase(0.05)]
    [TestCase(0.2)]
    [TestCase(0.4)]
    public async Task Another_seed_changes_the_answer_only_within_the_stated_range(double noise)
    {
        var answers = new List<Recommendation>();
        for (var seed = 1; seed <= 30; seed++)
        {
            var server = new FakeServer(perConnection: 500, saturation: 5_000, noise: noise);
            var (points, _) = await SweepAsync(server, Plan() with { Seed = seed });
            answers.Add(Recommendation.Choose(points, P99));
        }

        var sizes = answers.Select(answer => answer.Best.PoolSize).Distinct().Order().ToList();
        TestContext.Out.WriteLine($"{noise}: {string.Join(", ", sizes)}; "
            + string.Join(", ", answers.Select(answer => $"{answer.Smallest}..{answer.Largest}").Distinct()));
        var outside =
            from answer in answers
            from other in answers
            where other.Best.PoolSize < answer.Smallest || other.Best.PoolSize > (answer.Largest ?? int.MaxValue)
            select $"{other.Best.PoolSize} is not from {answer.Smallest} to {answer.Largest}";
        Assert.That(outside, Is.Empty);
    }

    [Test]
    public async Task More_measurements_make_the_answer_surer()
    {
        async Task<int> WidthAsync(int repeats)
        {
            var (points, _) = await SweepAsync(
                new FakeServer(perConnection: 500, saturation: 5_000, noise: 0.4), Plan() with { Repeats = repeats });
            var answer = Recommendation.Choose(points, P99);
            return (answer.Largest ?? 100) - answer.Smallest;
        }

        Assert.That(await WidthAsync(100), Is.LessThan(await WidthAsync(3)));
    }

    [Test]
    public async Task A_lost_median_is_lost_and_losses_are_added_up()
    {
        var (points, _) = await SweepAsync(
            new FakeServer(perConnection: 500, saturation: 5_000), Plan() with { PoolSizes = [1], Rates = [400, 600] });

        Assert.That(points.Select(point => (point.Total.P99Ms is null, point.Timeouts, point.Arrivals)),
            Is.EqualTo(new[] { (false, 0, 1_200), (true, 3, 1_800) }));
    }

    private static PoolPlan Plan() => new()
    {
        PoolSizes = Defaults,
        RefinesSizes = true,
        Rates = null,
        Duration = TimeSpan.FromSeconds(1),
        Warmup = TimeSpan.Zero,
        Mix = new StatementMix([(LoadStatement.ById, 1)]),
        P99 = P99,
        Instances = 1,
        Seed = 1,
    };

    private static Task<(IReadOnlyList<PoolPoint> Points, double? Saturation)> SweepAsync(IPoolLoad load, PoolPlan plan) =>
        new PoolSweep(load, plan, _ => { }).RunAsync(CancellationToken.None);
}
