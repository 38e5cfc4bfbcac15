using AutoStack.Data.Retention;

namespace AutoStack.Data.Tests.Retention;

public sealed class PacerTests
{
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly RetentionPacing Pacing = new()
    {
        NiceRatio = 2,
        TargetBatchTime = TimeSpan.FromMilliseconds(500),
        MaxReplicaLag = TimeSpan.FromSeconds(10),
        MaxPause = TimeSpan.FromSeconds(3),
    };

    [Test]
    public void A_slow_batch_halves_the_next_and_quick_ones_grow_back()
    {
        var pacer = new Pacer(Pacing);
        var sizes = new List<int> { pacer.Size(1000) };
        var unchanged = new[] { 250, 400, 500 }.Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds));
        foreach (var took in new[] { Slow, Slow, Quick, Quick }.Concat(unchanged).Append(Quick))
        {
            pacer.PauseAfter(took);
            sizes.Add(pacer.Size(1000));
        }

        Assert.That(sizes, Is.EqualTo(new[] { 1000, 500, 250, 350, 450, 450, 450, 450, 550 }));
    }

    [Test]
    public void A_batch_never_shrinks_to_nothing_and_never_grows_beyond_its_size()
    {
        var pacer = new Pacer(Pacing);
        for (var i = 0; i < 100; i++)
        {
            pacer.PauseAfter(Slow);
        }

        Assert.That((pacer.Size(1000), pacer.Size(50), pacer.Size(1)), Is.EqualTo((20, 1, 1)));
        for (var i = 0; i < 100; i++)
        {
            pacer.PauseAfter(Quick);
        }

        Assert.That(pacer.Size(1000), Is.EqualTo(1000));
    }

    [Test]
    public void A_pause_is_a_multiple_of_the_batch_up_to_its_maximum()
    {
        var pacer = new Pacer(Pacing);

        Assert.That(pacer.PauseAfter(Quick), Is.EqualTo(TimeSpan.FromMilliseconds(40)));
        Assert.That(pacer.PauseAfter(Slow), Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(pacer.PauseAfter(TimeSpan.FromDays(10)), Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(new Pacer(Pacing with { NiceRatio = 0 }).PauseAfter(Slow), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Standbys_are_waited_for_until_the_longest_pause_and_then_a_small_batch_starts()
    {
        var pacer = new Pacer(Pacing);
        var behind = TimeSpan.FromSeconds(11);

        Assert.That(
            new[] { pacer.PauseFor(behind), pacer.PauseFor(behind), pacer.PauseFor(behind), pacer.PauseFor(behind) },
            Is.EqualTo(new TimeSpan?[] { Second, Second, Second, null }));
        Assert.That(pacer.Size(1000), Is.EqualTo(20));

        // The next batch waits anew.
        Assert.That(pacer.PauseFor(behind), Is.EqualTo(Second));
        Assert.That(pacer.PauseFor(TimeSpan.FromSeconds(10)), Is.Null);
    }

    [Test]
    public void The_last_pause_for_a_standby_ends_at_the_longest_and_a_standby_that_caught_up_changes_no_size()
    {
        var pacer = new Pacer(Pacing with { MaxPause = TimeSpan.FromSeconds(2.5) });
        var behind = TimeSpan.FromSeconds(11);

        Assert.That(
            new[] { pacer.PauseFor(behind), pacer.PauseFor(behind), pacer.PauseFor(behind) },
            Is.EqualTo(new TimeSpan?[] { Second, Second, Second / 2 }));
        Assert.That((pacer.PauseFor(TimeSpan.Zero), pacer.Size(1000)), Is.EqualTo(((TimeSpan?)null, 1000)));
    }

    [Test]
    public void Without_a_lag_or_a_limit_nothing_is_waited_for()
    {
        Assert.That(new Pacer(Pacing).PauseFor(null), Is.Null);
        Assert.That(new Pacer(Pacing with { MaxReplicaLag = null }).PauseFor(TimeSpan.MaxValue), Is.Null);
        Assert.That(new Pacer(Pacing with { MaxPause = TimeSpan.Zero }).PauseFor(TimeSpan.MaxValue), Is.Null);
    }
}
