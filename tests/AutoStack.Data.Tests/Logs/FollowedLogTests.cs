using AutoStack.Data.Logs;

namespace AutoStack.Data.Tests.Logs;

public sealed class FollowedLogTests
{
    private static readonly LogPlace[] Lines = [.. Enumerable.Range(1, 6).Select(i => new LogPlace(i, Guid.NewGuid()))];

    [Test]
    public void Lines_that_come_back_after_a_look_at_a_shorter_log_are_not_delivered_again()
    {
        var follow = Delivered(5);
        Assert.That(follow.IsAt(Lines[4]), Is.True);
        Assert.That(follow.IsAt(Lines[2]), Is.False);

        follow.GoBack(Lines[2], [Lines[2], Lines[1], Lines[0]]);

        Assert.That(follow.Seq, Is.EqualTo(3));
        Assert.That(follow.IsAt(Lines[2]), Is.True);
        Assert.That(follow.Deliver(Lines[3]), Is.False);
        Assert.That(follow.Deliver(Lines[4]), Is.False);
        Assert.That(follow.Deliver(Lines[5]), Is.True);
    }

    [Test]
    public void Another_line_with_the_number_of_a_delivered_one_replaces_it_and_what_follows()
    {
        var follow = Delivered(5);
        var other = new LogPlace(4, Guid.NewGuid());

        Assert.That(follow.Deliver(other), Is.True);

        Assert.That(follow.IsAt(other), Is.True);
        Assert.That(follow.Deliver(Lines[4]), Is.True, "it was delivered before the other one");
    }

    [Test]
    public void A_reader_that_knows_no_stored_line_goes_before_those_that_it_remembers()
    {
        var follow = new FollowedLog(Guid.NewGuid(), Guid.NewGuid()) { Seq = 3 };
        follow.Deliver(Lines[3]);
        follow.Deliver(Lines[4]);

        follow.GoBack(new LogPlace(5, Guid.NewGuid()), [new LogPlace(5, Guid.NewGuid()), new LogPlace(4, Guid.NewGuid())]);
        Assert.That(follow.Seq, Is.EqualTo(3));
        follow.GoBack(new LogPlace(2, Guid.NewGuid()), []);
        Assert.That(follow.Seq, Is.EqualTo(2));
        follow.GoBack(null, []);
        Assert.That(follow.Seq, Is.Zero);
    }

    private static FollowedLog Delivered(int count)
    {
        var follow = new FollowedLog(Guid.NewGuid(), Guid.NewGuid());
        Assert.That(Lines.Take(count).Select(follow.Deliver), Has.All.True);
        return follow;
    }
}
