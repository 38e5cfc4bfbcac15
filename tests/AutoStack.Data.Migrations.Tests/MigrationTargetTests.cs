namespace AutoStack.Data.Migrations.Tests;

public sealed class MigrationTargetTests
{
    [TestCase("head", "head")]
    [TestCase("HEAD", "head")]
    [TestCase(" Base ", "base")]
    [TestCase("12", "12")]
    [TestCase("0012", "12")]
    [TestCase("+2", "+2")]
    [TestCase("-1", "-1")]
    [TestCase("+0003", "+3")]
    public void A_target_is_parsed(string text, string expected)
    {
        Assert.That(MigrationTarget.TryParse(text, out var target), Is.True);
        Assert.That(target.ToString(), Is.EqualTo(expected));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" ")]
    [TestCase("0")]
    [TestCase("0000")]
    [TestCase("+0")]
    [TestCase("-0")]
    [TestCase("+")]
    [TestCase("1.0")]
    [TestCase("1,000")]
    [TestCase("1e3")]
    [TestCase("+ 1")]
    [TestCase("--1")]
    [TestCase("99999999999")]
    [TestCase("heads")]
    [TestCase("0001_initial_schema")]
    [TestCase("١")]
    public void Other_text_is_not_a_target(string? text) => Assert.That(MigrationTarget.TryParse(text, out _), Is.False);

    [Test]
    public void The_default_is_head() => Assert.That(default(MigrationTarget), Is.EqualTo(MigrationTarget.Head));

    [Test]
    public void Version_0_and_step_0_are_refused()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => MigrationTarget.Version(0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => MigrationTarget.Relative(0), Throws.TypeOf<ArgumentOutOfRangeException>());
        }
    }
}
