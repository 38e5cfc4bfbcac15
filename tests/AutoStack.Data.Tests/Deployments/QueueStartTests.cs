using AutoStack.Data.Deployments;
using Microsoft.Extensions.Time.Testing;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>The places from which the claims of a process search.</summary>
public sealed class QueueStartTests
{
    private readonly FakeTimeProvider clock = new();
    private QueueStart start = null!;

    [SetUp]
    public void StartAtTheBeginning() => start = new QueueStart(clock);

    [Test]
    public void Claims_go_on_from_the_last_place()
    {
        Assert.That(start.Begin().After, Is.Zero);
        Claim(7);
        Claim(9);

        Assert.That(start.Begin().After, Is.EqualTo(9));
    }

    [Test]
    public void One_claim_a_second_searches_from_the_beginning()
    {
        Claim(7);
        clock.Advance(TimeSpan.FromMilliseconds(999));
        Assert.That(start.Begin().After, Is.EqualTo(7));

        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(new[] { start.Begin().After, start.Begin().After, start.Begin().After }, Is.EqualTo([0, 7, 7]));
    }

    [Test]
    public void A_place_before_the_last_one_is_where_claims_go_on()
    {
        Claim(7);
        clock.Advance(QueueStart.ShortestPause);
        Claim(3);

        Assert.That(start.Begin().After, Is.EqualTo(3));
    }

    [Test]
    public void A_claim_that_fails_leaves_the_place()
    {
        Claim(7);
        clock.Advance(QueueStart.ShortestPause);
        _ = start.Begin();

        Assert.That(start.Begin().After, Is.EqualTo(7));
    }

    // The time of a usual claim, which includes the network, does not count.
    [TestCase(50, 51, 1000)]
    [TestCase(50, 60, 1000)]
    [TestCase(50, 70, 2000)]
    [TestCase(1, 34, 3300)]
    [TestCase(1, 400, 10_000)]
    [TestCase(400, 1, 1000)]
    public void A_long_walk_is_made_less_often(int usual, int walk, int pause)
    {
        Claim(7);
        Claim(8, usual);
        clock.Advance(QueueStart.LongestPause);
        Claim(9, walk);
        clock.Advance(TimeSpan.FromMilliseconds(pause - walk - 1));
        Assert.That(start.Begin().After, Is.EqualTo(9));

        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(start.Begin().After, Is.Zero);
    }

    // The first claim of a process opens a connection and compiles code.
    [Test]
    public void The_first_claim_takes_as_long_as_it_likes()
    {
        Claim(7, 5000);

        clock.Advance(QueueStart.ShortestPause);
        Assert.That(start.Begin().After, Is.Zero);
    }

    [Test]
    public void The_last_claim_that_ends_has_the_last_place()
    {
        Claim(7);
        clock.Advance(QueueStart.ShortestPause);
        var (walk, other) = (start.Begin(), start.Begin());
        start.Claimed(other, 9);
        start.Claimed(walk, 3);

        Assert.That(start.Begin().After, Is.EqualTo(3));
    }

    private void Claim(long place, int milliseconds = 0)
    {
        var search = start.Begin();
        clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        start.Claimed(search, place);
    }
}
