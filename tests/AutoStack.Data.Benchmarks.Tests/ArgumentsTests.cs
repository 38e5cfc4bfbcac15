using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Questions;

namespace AutoStack.Data.Benchmarks.Tests;

public sealed class ArgumentsTests
{
    [Test]
    public void Without_arguments_the_small_scale_is_measured_in_full()
    {
        var arguments = Arguments.Parse([]);

        Assert.That(
            (arguments.Quick, arguments.Scale, arguments.Filters.Count, arguments.Output),
            Is.EqualTo((false, Scale.Small, 0, (string?)null)));
    }

    [Test]
    public void Every_option_is_understood()
    {
        var arguments = Arguments.Parse(["--quick", "--scale", "full", "--filter", "Log*", "--filter=ClaimNext", "--output", "out"]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(arguments.Quick, Is.True);
            Assert.That(arguments.Scale, Is.EqualTo(Scale.Full));
            Assert.That(arguments.Filters, Is.EqualTo(new[] { "Log*", "ClaimNext" }));
            Assert.That(arguments.Output, Is.EqualTo("out"));
        }
    }

    [Test]
    public void The_scale_huge_is_a_comparison_of_its_own() => Assert.That(Arguments.Parse(["--scale", "huge"]).IsHuge, Is.True);

    [TestCase("--scale", "--scale needs")]
    [TestCase("--scale --quick", "--scale needs")]
    [TestCase("--scale giant", "--scale is small, full or huge, not 'giant'")]
    [TestCase("--scale huge --quick", "--scale huge has calls of its own")]
    [TestCase("--filter Log* --scale huge", "--scale huge has calls of its own")]
    [TestCase("--output=", "--output needs")]
    [TestCase("--filter", "--filter needs")]
    [TestCase("--quick=yes", "--quick takes no value")]
    [TestCase("--fast", "'--fast' is not understood")]
    [TestCase("small", "'small' is not understood")]
    public void Invalid_arguments_are_named(string arguments, string message) => Assert.That(
        () => Arguments.Parse(arguments.Split(' ')),
        Throws.TypeOf<UsageException>().With.Message.StartsWith(message).And.Message.EndsWith("--help shows what can be given."));

    [Test]
    public void A_filter_names_questions_in_any_case() =>
        Assert.That(
            AllQuestions.Matching(["log*"]), Is.EqualTo(new[] { typeof(LogPage), typeof(LogTail), typeof(LogAppend), typeof(LogWriter) }));

    [Test]
    public void A_filter_that_names_nothing_is_an_error() => Assert.That(
        () => AllQuestions.Matching(["Log*", "Logs"]),
        Throws.TypeOf<UsageException>().With.Message.StartsWith("--filter 'Logs' names no question"));
}
