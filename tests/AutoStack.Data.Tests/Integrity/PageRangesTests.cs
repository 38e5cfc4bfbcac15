using AutoStack.Data.Integrity;

namespace AutoStack.Data.Tests.Integrity;

public sealed class PageRangesTests
{
    [Test]
    public void All_pages_are_read_once_whatever_the_time_they_take()
    {
        var ranges = new PageRanges(100_000, 1, () => 0);
        long next = 0;
        var sizes = new List<long>();
        while (ranges.Next() is { } range)
        {
            Assert.That(range.First, Is.EqualTo(next));
            next += range.Count;
            sizes.Add(range.Count);
            ranges.Took(TimeSpan.FromSeconds(sizes.Count % 5 == 0 ? 2 : 0.1));
        }

        Assert.That(next, Is.EqualTo(100_000));
        Assert.That(ranges.Share, Is.EqualTo(1));
        Assert.That(sizes.Max(), Is.LessThanOrEqualTo(16_384));
        Assert.That(sizes[1], Is.EqualTo(2 * sizes[0]));
    }

    [Test]
    public void A_range_that_failed_is_read_again_in_halves_down_to_the_page()
    {
        var ranges = new PageRanges(128, 1, () => 0);
        var read = new List<long>();
        while (ranges.Next() is { } range)
        {
            if (range.Count > 1)
            {
                ranges.Halve(range);
                continue;
            }

            read.Add(range.First);
        }

        Assert.That(read, Is.EqualTo(Enumerable.Range(0, 128).Select(page => (long)page)));
    }

    [Test]
    public void Ranges_double_below_a_quarter_second_and_halve_above_a_second()
    {
        var ranges = new PageRanges(1_000_000, 1, () => 0);
        var sizes = new List<long> { ranges.Next()!.Value.Count };
        foreach (var milliseconds in new[] { 249, 250, 1000, 1001, 1001, 1001, 1001, 1001, 1001, 1001, 1001, 1001, 249 })
        {
            ranges.Took(TimeSpan.FromMilliseconds(milliseconds));
            sizes.Add(ranges.Next()!.Value.Count);
        }

        Assert.That(sizes, Is.EqualTo(new[] { 128, 256, 256, 256, 128, 64, 32, 16, 8, 4, 2, 1, 1, 2 }));
    }

    [Test]
    public void A_range_of_a_sample_lies_anywhere_in_its_stride()
    {
        var ranges = new PageRanges(1000, 0.5, () => 0.999);
        var (first, shares) = (new List<(long, long)>(), new List<double> { ranges.Share });
        while (ranges.Next() is { } range)
        {
            first.Add((range.First, range.Count));
            shares.Add(ranges.Share);
        }

        Assert.That(first, Is.EqualTo(new[] { 64, 192, 320, 448, 576, 704, 832, 936 }.Select(page => ((long)page, 64L))));
        Assert.That(shares, Is.EqualTo([0, 0.128, 0.256, 0.384, 0.512, 0.64, 0.768, 0.896, 1]));
    }

    [TestCase(0.01, 0.0)]
    [TestCase(0.01, 0.999_999)]
    [TestCase(0.5, 0.5)]
    [TestCase(double.Epsilon, 0.5)]
    public void A_sample_is_spread_over_the_table_and_has_its_size(double sample, double place)
    {
        const long Pages = 1_000_000;
        var ranges = new PageRanges(Pages, sample, () => place);
        var (last, sum) = (-1L, 0L);
        while (ranges.Next() is { } range)
        {
            Assert.That(range.First, Is.GreaterThan(last));
            last = range.First + range.Count - 1;
            sum += range.Count;
            Assert.That(last, Is.LessThan(Pages));
        }

        Assert.That(sum, Is.InRange(Math.Max(64, sample * Pages * 0.9), Math.Max(64, sample * Pages * 1.1) + 64));
    }

    [TestCase(0, 1)]
    [TestCase(1, 1)]
    [TestCase(64, 1)]
    public void A_small_table_and_an_object_are_one_range(long pages, int count)
    {
        var ranges = new PageRanges(pages, 0.01, () => 0.5);
        Assert.That(ranges.Share, Is.Zero);
        Assert.That(Enumerable.Range(0, 10).Select(_ => ranges.Next()).Count(range => range is not null), Is.EqualTo(count));
        Assert.That(ranges.Share, Is.EqualTo(1));
    }
}
