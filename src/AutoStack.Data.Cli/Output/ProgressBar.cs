using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// The progress inside a script: on a terminal a bar in the line of the script, which is drawn again each time; elsewhere a line every ten
/// seconds of the script's time.
/// </summary>
internal sealed class ProgressBar(IAnsiConsole console)
{
    private const int Width = 24;
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);

    private TimeSpan printed;
    private bool drawn;

    /// <summary>A script starts.</summary>
    public void Start() => (printed, drawn) = (TimeSpan.Zero, false);

    /// <summary>Shows the progress; true when that wrote a line of its own.</summary>
    /// <param name="progress">The progress.</param>
    /// <param name="lineOpen">True when the name of the script is in a line that has no end yet.</param>
    public bool Report(StepProgress progress, bool lineOpen)
    {
        if (console.Profile.Capabilities.Ansi)
        {
            Draw(progress);
            return false;
        }

        if (progress.Elapsed - printed < LineInterval)
        {
            return false;
        }

        if (lineOpen)
        {
            console.WriteLine();
        }

        printed = progress.Elapsed;
        console.WriteLine($"  {Text(progress)}; {Screen.Duration(progress.Elapsed)} so far");
        return true;
    }

    /// <summary>Removes the bar; true when there was one, and the line is then empty.</summary>
    public bool Clear()
    {
        if (drawn)
        {
            console.Write(new ControlCode("\r\u001b[2K"));
        }

        (var there, drawn) = (drawn, false);
        return there;
    }

    /// <summary>The progress in words: <c>building index x: scanning table, 43 % of 9345 blocks, 12 s left</c>.</summary>
    public static string Text(StepProgress progress)
    {
        var parts = new List<string> { progress.Activity };
        if (progress.Done is { } done)
        {
            parts.Add(progress is { Share: { } share, Total: { } total }
                ? FormattableString.Invariant($"{Math.Floor(100 * share):0} % of {total} {progress.Unit}")
                : FormattableString.Invariant($"{done} {progress.Unit}"));
        }

        if (progress is { PerSecond: > 0 and var rate, Unit: "rows" })
        {
            parts.Add(FormattableString.Invariant($"{rate:0} rows/s"));
        }

        if (progress.Left is { } left)
        {
            parts.Add($"{Left(left)} left");
        }

        return string.Join(", ", parts);
    }

    private void Draw(StepProgress progress)
    {
        // A line that wraps could not be drawn over.
        var room = Math.Max(10, console.Profile.Width - 1);
        console.Write(new ControlCode("\r\u001b[2K"));
        if (progress.Share is { } share)
        {
            var full = (int)Math.Round(share * Width);
            console.Write(new string('━', full), new Style(Color.Green));
            console.Write(new string('━', Width - full), new Style(Color.Grey));
            console.Write(" ", Style.Plain);
            room -= Width + 1;
        }

        // The end of a long text is cut off.
        var text = string.Concat(
            progress.Share is { } part ? FormattableString.Invariant($"{Math.Floor(100 * part),3:0} %  ") : "",
            progress.Left is { } left ? $"{Left(left)} left  " : "",
            $"{progress.FileName}: {progress.Activity}");
        console.Write(text.Length <= room ? text : text[..Math.Max(0, room - 1)] + "…", Style.Plain);
        drawn = true;
    }

    private static string Left(TimeSpan left) => left.TotalSeconds < 60 ? FormattableString.Invariant($"{left.TotalSeconds:0} s")
        : left.TotalMinutes < 60 ? FormattableString.Invariant($"{left.TotalMinutes:0} min")
        : FormattableString.Invariant($"{(int)left.TotalHours} h {left.Minutes:00} min");
}
