using System.Globalization;
using AutoStack.Data.Logs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Quickstart;

/// <summary>The terminal, or the file that the output goes to: the same text, with colours or without.</summary>
internal sealed class Screen
{
    private const int LeastTableWidth = 120;

    // Lines are left to the terminal to break; in a file, one that is broken cannot be searched.
    private readonly IAnsiConsole lines = Create();
    private readonly IAnsiConsole tables = Create();
    private readonly Lock oneAtATime = new();

    public Screen()
    {
        lines.Profile.Width = 10_000;
        tables.Profile.Width = Math.Max(LeastTableWidth, tables.Profile.Width);
    }

    public static string Milliseconds(TimeSpan duration) =>
        string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:#,0} ms");

    public static Color ColorOf(string status) => status switch
    {
        "success" or "completed" or "running" => Color.Green,
        "failed" or "error" => Color.Red,
        "warning" or "cancelled" => Color.Yellow,
        _ => Color.Default,
    };

    public void Line(string text = "") => Line(text, Style.Plain);

    public void Heading(string text)
    {
        Line();
        Line(text, new Style(decoration: Decoration.Bold));
    }

    public void LogLine(string project, DeploymentLog line)
    {
        var level = line.Level?.Value ?? "";
        Line(
            FormattableString.Invariant($"{project,-12} {line.Seq,3}  {line.Timestamp:HH:mm:ss.fff}  {level,-7}  {line.Message}"),
            new Style(ColorOf(level)));
    }

    public void Show(IRenderable table)
    {
        lock (oneAtATime)
        {
            tables.Write(table);
        }
    }

    // A build writes what it likes, also what a terminal obeys.
    public static string Visible(string text) => string.Create(text.Length, text, static (shown, text) =>
    {
        for (var i = 0; i < shown.Length; i++)
        {
            shown[i] = char.IsControl(text[i]) && text[i] != '\t' ? '\uFFFD' : text[i];
        }
    });

    private void Line(string text, Style style)
    {
        text = Visible(text);
        lock (oneAtATime)
        {
            lines.WriteLine(text, style);
        }
    }

    private static IAnsiConsole Create() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        ColorSystem = Console.IsOutputRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        Interactive = InteractionSupport.No,

        // Otherwise escape codes are written into the logs of the build servers it knows.
        Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
    });
}
