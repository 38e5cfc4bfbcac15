using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed class HistogramTests
{
    private static readonly double[] Shares = [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1];

    [TestCase(1, 100)]
    [TestCase(2, 100_000)]
    [TestCase(3, 50_000_000)]
    public void Quantiles_are_exact_to_one_percent(int seed, int longest)
    {
        var random = new Random(seed);
        var values = Enumerable.Range(0, 20_000).Select(_ => (long)(longest * Math.Pow(random.NextDouble(), 3))).Order().ToArray();
        var histogram = new Histogram();
        foreach (var value in values)
        {
            histogram.Record(value);
        }

        using (Assert.EnterMultipleScope())
        {
            foreach (var share in Shares)
            {
                var exact = values[(int)Math.Max(0, Math.Ceiling(share * values.Length) - 1)];
                Assert.That(histogram.Quantile(share), Is.InRange(exact, exact * 1.01), $"{share}");
            }

            Assert.That(histogram.Max, Is.EqualTo(values[^1]));
            Assert.That(histogram.Count, Is.EqualTo(values.Length));
        }
    }

    [Test]
    public void Small_values_are_exact([Range(0, 300, 7)] int value)
    {
        var histogram = new Histogram();
        histogram.Record(value);
        histogram.Record(1_000_000);

        Assert.That(histogram.Quantile(0.5), Is.InRange(value, value < 256 ? value : value + 1));
    }

    [TestCase(-5, 0)]
    [TestCase(long.MaxValue, Histogram.Longest)]
    public void A_value_out_of_range_is_recorded_as_the_nearest(long value, long recorded)
    {
        var histogram = new Histogram();
        histogram.Record(value);

        Assert.That((histogram.Quantile(1), histogram.Max), Is.EqualTo(((long?)recorded, recorded)));
    }

    [Test]
    public void A_lost_statement_is_longer_than_every_recorded_one()
    {
        var histogram = new Histogram();
        for (var i = 0; i < 98; i++)
        {
            histogram.Record(10);
        }

        histogram.RecordLost();
        histogram.RecordLost();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(histogram.Quantile(0.98), Is.EqualTo(10));
            Assert.That(histogram.Quantile(0.99), Is.Null);
            Assert.That(histogram.Count, Is.EqualTo(100));
        }
    }

    [Test]
    public void An_empty_histogram_has_no_quantile() => Assert.That(new Histogram().Quantile(0.5), Is.Null);

    [Test]
    public void Concurrent_records_are_all_counted()
    {
        var histogram = new Histogram();

        Parallel.For(0, 100_000, i => histogram.Record(i % 1000));

        Assert.That((histogram.Count, histogram.Max), Is.EqualTo((100_000, 999)));
    }
}
