using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Consoles and the forms of what is printed on them.</summary>
internal static class Screen
{
    public static IAnsiConsole On(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,

            // They turn escape sequences on for the build servers they know, into logs that people read as text elsewhere.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        if (redirected)
        {
            // A log has no width: nothing may be wrapped that someone greps for.
            console.Profile.Width = 10_000;
        }

        return console;
    }

    public static string Duration(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 0.1 } => FormattableString.Invariant($"{duration.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } => FormattableString.Invariant($"{duration.TotalSeconds:0.00} s"),
        _ => FormattableString.Invariant($"{(int)duration.TotalMinutes} min {duration.Seconds:00} s"),
    };

    public static string Count(int number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";
}
