using AutoStack.Data.Postgres;

namespace AutoStack.Data.Tests.Postgres;

public sealed class TimeoutsTests
{
    [TestCase(30, null, 30, 35.0)]
    [TestCase(30, 10.0, 10, 10.0)]
    [TestCase(30, 1.2, 2, 1.2)]
    [TestCase(5, 10.0, 5, 10.0)]
    [TestCase(0, 10.0, 10, 10.0)]
    public void The_shorter_limit_ends_a_statement_and_a_call_has_five_seconds_more_without_a_setting(
        int commandSeconds, double? operation, int statement, double call)
    {
        var timeouts = Timeouts.Of(commandSeconds, operation is { } seconds ? TimeSpan.FromSeconds(seconds) : null);

        Assert.That((timeouts.CommandSeconds, timeouts.Operation), Is.EqualTo((statement, TimeSpan.FromSeconds(call))));
        Assert.That(timeouts.Attempt, Is.EqualTo(TimeSpan.FromSeconds(statement)));
        Assert.That(timeouts.DriverSeconds, Is.EqualTo(statement + 5), "The driver's own limit is the later one.");
        Assert.That(timeouts.Deadlines, Is.Not.Null);
    }

    [Test]
    public void Without_any_limit_nothing_ends_a_call()
    {
        var timeouts = Timeouts.Of(0, null);

        Assert.That((timeouts.CommandSeconds, timeouts.DriverSeconds), Is.EqualTo((0, 0)));
        Assert.That(new object?[] { timeouts.Operation, timeouts.Attempt, timeouts.Deadlines }, Is.All.Null);
    }
}
