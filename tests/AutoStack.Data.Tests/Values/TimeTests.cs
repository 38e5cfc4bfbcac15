using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Values;

public sealed class TimeTests
{
    private static readonly DateTimeOffset Moment = new(new DateTime(2026, 3, 29, 2, 30, 0).AddTicks(1_234_567), TimeSpan.FromHours(2));

    [Test]
    public void A_time_is_cut_to_the_microsecond_in_UTC()
    {
        var cut = Time.Truncate(Moment);

        Assert.That((cut.Offset, cut.UtcTicks), Is.EqualTo((TimeSpan.Zero, Moment.UtcTicks - 7)));
        Assert.That((Time.ToColumn(Moment).Ticks, Time.ToColumn(Moment).Kind), Is.EqualTo((cut.Ticks, DateTimeKind.Unspecified)));
        Assert.That(Time.FromColumn(Time.ToMicroseconds(Moment)), Is.EqualTo(cut));
        Assert.That(Time.ToMicroseconds(new(2000, 1, 1, 0, 0, 1, TimeSpan.Zero)), Is.EqualTo(1_000_000));
    }

    [Test]
    public void A_moment_outside_the_years_of_the_framework_is_its_first_or_last_one()
    {
        var (first, last) = (Time.ToMicroseconds(DateTimeOffset.MinValue), Time.ToMicroseconds(DateTimeOffset.MaxValue));

        Assert.That(Time.FromColumn(first), Is.EqualTo(DateTimeOffset.MinValue));
        Assert.That(Time.FromColumn(first - 1), Is.EqualTo(DateTimeOffset.MinValue));
        Assert.That(Time.FromColumn(last), Is.EqualTo(DateTimeOffset.MaxValue.AddTicks(-9)));
        Assert.That(Time.FromColumn(last + 1), Is.EqualTo(DateTimeOffset.MaxValue));
        Assert.That(Time.FromColumn(Time.Infinity), Is.EqualTo(DateTimeOffset.MaxValue));
        Assert.That(Time.FromColumn(Time.NegativeInfinity), Is.EqualTo(DateTimeOffset.MinValue));
    }

    [TestCase(long.MinValue, true)]
    [TestCase(long.MinValue + 1, false)]
    [TestCase(-211_813_488_000_000_001, false)]
    [TestCase(-211_813_488_000_000_000, true)]
    [TestCase(9_223_371_331_199_999_999, true)]
    [TestCase(9_223_371_331_200_000_000, false)]
    [TestCase(long.MaxValue, true)]
    public void A_column_holds_the_years_of_the_server_and_the_infinities(long microseconds, bool storable) =>
        Assert.That(Time.IsStorable(microseconds), Is.EqualTo(storable));

    [Test]
    public void A_range_is_checked_in_microseconds()
    {
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        Assert.That(TimeRange.Check(new(start.AddTicks(9), start.AddTicks(10))), Is.EqualTo(new TimeRange(start, start.AddTicks(10))));
        Assert.That(TimeRange.Check(new(start, start.AddDays(366))).To, Is.EqualTo(start.AddDays(366)));
        Assert.That(() => Refuse(new(start, start.AddTicks(9))), Refused("ends at least a microsecond after it begins"));
        Assert.That(() => Refuse(new(start, start.AddDays(366).AddTicks(10))), Refused("is at most 366 days long"));
        Assert.That(
            () => Refuse(new(DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddDays(1))),
            Refused("begins before every time that can be stored"));

        static TimeRange Refuse(TimeRange range) => TimeRange.Check(range);

        static NUnit.Framework.Constraints.IResolveConstraint Refused(string says) =>
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range").And.Message.Contains($"range {says}");
    }

    [TestCase(1, true)]
    [TestCase(100, true)]
    [TestCase(0, false)]
    [TestCase(101, false)]
    public void A_limit_is_between_one_and_its_maximum(int limit, bool valid)
    {
        if (valid)
        {
            Assert.That(Limit.Check(limit, 100), Is.EqualTo(limit));
            return;
        }

        Assert.That(
            () => Limit.Check(limit, 100),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("limit")
                .And.Message.Contains("limit is between 1 and 100."));
    }
}
