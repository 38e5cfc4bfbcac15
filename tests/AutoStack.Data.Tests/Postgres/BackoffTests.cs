using AutoStack.Data.Postgres;

namespace AutoStack.Data.Tests.Postgres;

public sealed class BackoffTests
{
    [TestCase(0, 100)]
    [TestCase(1, 200)]
    [TestCase(3, 800)]
    [TestCase(4, 1000)]
    [TestCase(1000, 1000)]
    public void A_delay_doubles_with_each_failure_up_to_the_longest_and_varies_by_half(int failures, int middle)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

        var delays = Enumerable.Range(0, 1000).Select(_ => backoff.Delay(failures).TotalMilliseconds).ToList();

        Assert.That(delays, Is.All.InRange(middle * 0.5, middle * 1.5));
        Assert.That(delays.Min(), Is.LessThan(middle * 0.6));
        Assert.That(delays.Max(), Is.GreaterThan(middle * 1.4));
    }

    [Test]
    public void The_backoffs_have_their_documented_bounds() =>
        Assert.That(
            new[] { Backoff.Conflict, Backoff.Reconnect, Backoff.Reopen, Backoff.Lock }.Select(
                backoff => (backoff.First.TotalMilliseconds, backoff.Longest.TotalMilliseconds)),
            Is.EqualTo(new[] { (20.0, 1000.0), (50.0, 5000.0), (50.0, 500.0), (10.0, 250.0) }));
}
