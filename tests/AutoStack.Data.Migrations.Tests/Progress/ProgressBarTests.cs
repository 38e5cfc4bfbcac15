using AutoStack.Data.Cli.Output;
using Spectre.Console;

namespace AutoStack.Data.Migrations.Tests.Progress;

/// <summary>The progress of a script on a terminal and in a log.</summary>
public sealed class ProgressBarTests
{
    private const string Name = "0004_number_existing_log_lines.sql";

    [Test]
    public void A_log_gets_a_line_every_ten_seconds()
    {
        using var output = new StringWriter();
        var lines = Lines(output, terminal: false);

        lines.Report(new StepStarted(4, Name));
        foreach (var second in new[] { 1, 9, 10, 11, 19, 20 })
        {
            lines.Report(Running(second, 100 * second));
        }

        lines.Report(new StepFinished(new AppliedStep(0, Name, "", TimeSpan.FromSeconds(21))));
        Assert.That(output.ToString().Split('\n').Select(line => line.TrimEnd()), Is.EqualTo(new[]
        {
            Name,
            "  filling t.seq, 50 % of 2000 rows, 100 rows/s, 10 s left; 10.00 s so far",
            "  filling t.seq, 100 % of 2000 rows, 100 rows/s, 0 s left; 20.00 s so far",
            Name.PadRight(SchemaMigrator.Scripts.Max(s => s.Down.FileName.Length)) + "  21.00 s",
            "",
        }));
    }

    [TestCase(40)]
    [TestCase(80)]
    public void No_name_is_broken_on_a_narrow_terminal(int width)
    {
        const string Long = "0006_add_deployment_runtime_logs_seq_key.down.sql";
        using var output = new StringWriter();
        var console = Screen.On(output, redirected: false, width);
        var lines = new ProgressLines(console, console);

        lines.Report(new StepStarted(6, Long));
        lines.Report(new StepRetrying(Long, 1, TimeSpan.FromSeconds(1), []));
        lines.Report(new StepFinished(new AppliedStep(0, Long, "", TimeSpan.FromSeconds(4))));

        Assert.That(output.ToString().Split('\n').Count(line => line.Contains(Long, StringComparison.Ordinal)), Is.EqualTo(3));
        Assert.That(output.ToString(), Does.Contain(" 4.00 s"));
    }

    [Test]
    public void A_terminal_gets_a_bar_that_the_duration_replaces()
    {
        using var output = new StringWriter();
        var lines = Lines(output, terminal: true);

        lines.Report(new StepStarted(4, Name));
        lines.Report(Running(1, 500));
        lines.Report(Running(2, 1000));
        lines.Report(new StepFinished(new AppliedStep(0, Name, "", TimeSpan.FromSeconds(4))));

        var written = output.ToString();
        var last = written.Split("\r\u001b[2K")[^1];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(written.Split('\n'), Has.Length.EqualTo(2), "one line, which is drawn again");
            Assert.That(written.Split("\r\u001b[2K")[1], Does.Contain($"━  25 %  15 s left  {Name}: filling t.seq"));
            Assert.That(written.Split("\r\u001b[2K")[2].Count(c => c == '━'), Is.EqualTo(24));
            Assert.That(last, Does.Contain(Name).And.Contain("4.00 s").And.Not.Contain("━"));
        }
    }

    [Test]
    public void A_bar_is_never_wider_than_the_terminal()
    {
        using var output = new StringWriter();
        var console = Terminal(output);
        console.Profile.Width = 60;
        new ProgressBar(console).Report(Running(1, 500), lineOpen: true);

        Assert.That(output.ToString(), Does.EndWith("…").And.Not.Contain("\n"));
    }

    [Test]
    public void A_waiting_line_removes_the_bar_first()
    {
        using var output = new StringWriter();
        var lines = Lines(output, terminal: true);
        lines.Report(new StepStarted(4, Name));
        lines.Report(Running(1, 500));
        lines.Report(new StepWaiting(Name, TimeSpan.FromSeconds(5), []));

        Assert.That(output.ToString(), Does.Match($"\r\u001b\\[2K[^\r\n]*{Name} has waited 5 s"));
    }

    private static StepProgress Running(int seconds, long done) => new(Name, TimeSpan.FromSeconds(seconds), "filling t.seq")
    {
        Done = done,
        Total = 2000,
        Unit = "rows",
        PerSecond = 100,
    };

    private static ProgressLines Lines(StringWriter output, bool terminal)
    {
        var console = terminal ? Terminal(output) : Screen.On(output, redirected: true);
        var lines = new ProgressLines(console, console);
        lines.Report(new MigrationPlanned(3, 4, 1));
        return lines;
    }

    private static IAnsiConsole Terminal(StringWriter output)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
        });
        console.Profile.Width = 140;
        return console;
    }
}
