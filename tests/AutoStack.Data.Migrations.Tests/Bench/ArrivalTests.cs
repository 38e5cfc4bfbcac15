using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed class ArrivalTests
{
    private static readonly StatementMix Mix = Parse("by-id=3,append-1=1");

    [Test]
    public void Arrivals_follow_the_rate_with_exponential_intervals()
    {
        var arrivals = Arrivals.Of(perSecond: 200, TimeSpan.FromSeconds(500), seed: 7, Mix).ToList();
        var intervals = arrivals.Skip(1).Zip(arrivals, (next, before) => (next.At - before.At).TotalSeconds).ToList();
        var mean = intervals.Average();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(arrivals, Has.Count.EqualTo(100_000).Within(1_500));
            Assert.That(mean, Is.EqualTo(0.005).Within(1.5).Percent);
            Assert.That(Math.Sqrt(intervals.Average(i => (i - mean) * (i - mean))), Is.EqualTo(mean).Within(3).Percent,
                "the standard deviation of an exponential interval is its mean");
            Assert.That(intervals.Count(i => i > mean) / (double)intervals.Count, Is.EqualTo(Math.Exp(-1)).Within(0.01));
            Assert.That(arrivals.Select(a => a.At), Is.Ordered);
            Assert.That(arrivals[^1].At, Is.LessThan(TimeSpan.FromSeconds(500)));
            Assert.That(arrivals.Count(a => a.Statement == LoadStatement.ById) / (double)arrivals.Count, Is.EqualTo(0.75).Within(0.01));
        }
    }

    [Test]
    public void A_seed_repeats_its_arrivals_and_another_seed_differs()
    {
        var first = Arrivals.Of(100, TimeSpan.FromSeconds(5), seed: 1, Mix).ToList();

        Assert.That(Arrivals.Of(100, TimeSpan.FromSeconds(5), seed: 1, Mix), Is.EqualTo(first));
        Assert.That(Arrivals.Of(100, TimeSpan.FromSeconds(5), seed: 2, Mix), Is.Not.EqualTo(first));
    }

    [TestCase("read", "by-id=60,recent=20,log-page=20")]
    [TestCase("write", "append-1=50,append-100=50")]
    [TestCase("log-page=2, append-100=1", "log-page=2,append-100=1")]
    public void A_mix_is_parsed(string text, string meaning) => Assert.That(Parse(text).ToString(), Is.EqualTo(meaning));

    [Test]
    public void Automatic_rates_are_below_and_above_the_saturation() =>
        Assert.That(PoolPlan.RatesFor(4321), Is.EqualTo(new double[] { 1100, 2200, 3200, 3900, 4800 }));

    private static StatementMix Parse(string text)
    {
        Assert.That(StatementMix.TryParse(text, out var mix), Is.Null);
        return mix;
    }
}
