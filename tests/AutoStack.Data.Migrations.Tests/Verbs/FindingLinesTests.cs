using AutoStack.Data.Cli.Output;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed class FindingLinesTests
{
    private static readonly Finding Finding = new("fsync-off", Severity.Information, "fsync", "fsync is off.")
    {
        Cost = "After a crash of the machine, the database may be damaged.",
        Mend = "Switch it on, and reload the configuration.",
        Statement = "ALTER SYSTEM SET fsync = on /* a statement is copied as a whole */",
    };

    [Test]
    public void A_sentence_continues_below_its_beginning() => Assert.That(Write(redirected: false), Is.EqualTo("""
        information fsync-off: fsync is off.
          After a crash of the machine, the
          database may be damaged.
          Switch it on, and reload the
          configuration.
            ALTER SYSTEM SET fsync = on /* a statement is copied as a whole */;


        """));

    [Test]
    public void A_pipe_gets_each_sentence_in_one_line() => Assert.That(Write(redirected: true), Is.EqualTo("""
        information fsync-off: fsync is off.
          After a crash of the machine, the database may be damaged.
          Switch it on, and reload the configuration.
            ALTER SYSTEM SET fsync = on /* a statement is copied as a whole */;


        """));

    private static string Write(bool redirected)
    {
        using var text = new StringWriter { NewLine = "\n" };
        FindingLines.Write(Screen.On(text, redirected, width: 36), [Finding]);
        return text.ToString();
    }
}
