using AutoStack.Data.Integrity;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The progress of <c>verify</c>: on a terminal one line that is drawn again, elsewhere a line every ten seconds.</summary>
internal sealed class VerifyProgress(IAnsiConsole console, TimeProvider clock) : IProgress<VerificationProgress>
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DrawInterval = TimeSpan.FromMilliseconds(100);

    private long last = clock.GetTimestamp();
    private bool isDrawn;

    public void Report(VerificationProgress value)
    {
        var isTerminal = console.Profile.Capabilities.Ansi;
        if (clock.GetElapsedTime(last) < (isTerminal ? DrawInterval : LineInterval))
        {
            return;
        }

        last = clock.GetTimestamp();
        var text = FormattableString.Invariant($"{value.Check}: {Math.Floor(100 * value.Share):0} %, {value.Rows:n0} rows, {value.Subject}")
            + (value.Wrong == 0 ? "" : FormattableString.Invariant($", {value.Wrong:n0} wrong"));
        if (!isTerminal)
        {
            console.WriteLine(text);
            return;
        }

        // A line that wraps could not be drawn over.
        var room = Math.Max(10, console.Profile.Width - 1);
        console.Write(new ControlCode("\r\u001b[2K"));
        console.Write(text.Length <= room ? text : text[..(room - 1)] + "…", Style.Plain);
        isDrawn = true;
    }

    /// <summary>Removes the line of a terminal.</summary>
    public void Close()
    {
        if (isDrawn)
        {
            console.Write(new ControlCode("\r\u001b[2K"));
            isDrawn = false;
        }
    }
}
