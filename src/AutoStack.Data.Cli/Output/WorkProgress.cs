using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// The progress of work on one table or column after the other, with its rate: on a terminal a line that is drawn again, elsewhere a line
/// every ten seconds. It goes to standard error, since standard output has the result.
/// </summary>
/// <param name="console">Standard error.</param>
/// <param name="doing">The work while its end is known, for example <c>removing old rows</c>.</param>
/// <param name="done">What was done, for example <c>rows removed</c>.</param>
internal sealed class WorkProgress(IAnsiConsole console, string doing, string done)
{
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly ProgressBar bar = new(console);
    private string? subject;
    private long before;
    private long started;
    private long drawn;

    /// <summary>Shows how far the work on a subject has gone.</summary>
    /// <param name="name">The table or column.</param>
    /// <param name="count">How much is done.</param>
    /// <param name="total">How much there is to do; null when that is not known.</param>
    public void Report(string name, long count, long? total)
    {
        if (name != subject)
        {
            bar.Clear();
            bar.Start();
            (subject, before, started, drawn) = (name, count, Stopwatch.GetTimestamp(), 0);
            return;
        }

        if (drawn != 0 && Stopwatch.GetElapsedTime(drawn) < DrawInterval)
        {
            return;
        }

        drawn = Stopwatch.GetTimestamp();
        var elapsed = Stopwatch.GetElapsedTime(started);
        var rate = (count - before) / Math.Max(elapsed.TotalSeconds, 0.001);
        bar.Report(
            total is null
                ? new StepProgress(name, elapsed, string.Create(CultureInfo.InvariantCulture, $"{name}: {count:N0} {done}, {rate:N0}/s"))
                : new StepProgress(name, elapsed, $"{name}: {doing}") { Done = count, Total = total, Unit = "rows", PerSecond = rate },
            lineOpen: false);
    }

    /// <summary>Removes the line.</summary>
    public void Close() => bar.Clear();
}

/// <summary>Reports in the order of the work, on the thread of the work.</summary>
internal sealed class Reporter<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
