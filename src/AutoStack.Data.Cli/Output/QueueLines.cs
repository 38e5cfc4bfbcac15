using System.Globalization;
using AutoStack.Data.Deployments;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>queue</c> as text.</summary>
internal static class QueueLines
{
    public static void Write(IAnsiConsole output, QueueReport report)
    {
        if (report.Outcome is { } outcome)
        {
            output.WriteLine(outcome switch
            {
                "paused" => "Paused.",
                "alreadyPaused" => "Already paused; nothing was changed.",
                "resumed" => "Resumed.",
                _ => "Not paused; nothing was changed.",
            });
            output.WriteLine();
        }

        var counts = report.Counts;
        output.WriteLine($"waiting    {Number(counts.Waiting)}");
        output.WriteLine($"paused     {Number(counts.Paused)}");
        var next = counts.NextStart is { } start ? $", the next one at {Time(start)}" : "";
        output.WriteLine($"scheduled  {Number(counts.Scheduled)}{next}");
        output.WriteLine();
        if (report.Pauses.Count == 0)
        {
            output.WriteLine("Nothing is paused.");
            return;
        }

        var grid = new Grid(
            new Column("paused"), new Column("since"), new Column("by"), new Column("reason", Wraps: true));
        foreach (var pause in report.Pauses)
        {
            grid.Add(pause.ProjectId?.ToString() ?? "the whole queue", Time(pause.PausedAt), pause.PausedBy, pause.Reason ?? "");
        }

        grid.Write(output);
        if (report.More)
        {
            output.WriteLine("There are more pauses.");
        }
    }

    private static string Number(int count) => count == QueueCounts.MaxCount
        ? FormattableString.Invariant($"{count:N0} or more")
        : FormattableString.Invariant($"{count:N0}");

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
