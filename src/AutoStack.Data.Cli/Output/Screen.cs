using AutoStack.Data.Migrations.Internal;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AutoStack.Data.Cli.Output;

/// <summary>Creates consoles and formats what is printed on them.</summary>
internal static class Screen
{
    public static IAnsiConsole On(TextWriter writer, bool redirected, int? width = null)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new Stream(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,

            // Enrichers turn on escape sequences on known build servers, whose logs people also read as plain text.
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = false },
        });
        console.Pipeline.Attach(new Escapes());
        if (redirected)
        {
            // A log has no width: a wrapped line could not be found by grep.
            console.Profile.Width = 10_000;
        }
        else if (width is { } known)
        {
            console.Profile.Width = known;
        }

        return console;
    }

    /// <summary>Writes a line to be copied, neither wrapped nor coloured.</summary>
    public static void WriteUnwrapped(this IAnsiConsole console, string text) => console.Profile.Out.Writer.WriteLine(Visible.Lines(text));

    /// <summary>Writes a text whose lines all begin at a column, also those that continue it.</summary>
    public static void WriteIndented(this IAnsiConsole console, int column, string text) =>
        Lines(text, console.Profile.Width - column).ForEach(line => console.WriteUnwrapped(new string(' ', column) + line));

    /// <summary>A text in lines that end between words; a word that is longer than a line stays whole.</summary>
    public static List<string> Lines(string text, int width)
    {
        var lines = new List<string> { "" };
        foreach (var word in text.Split(' '))
        {
            if (lines[^1].Length > 0 && lines[^1].Length + 1 + word.Length > width)
            {
                lines.Add(word);
            }
            else
            {
                lines[^1] += lines[^1].Length == 0 ? word : " " + word;
            }
        }

        return lines;
    }

    public static string Duration(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 0.1 } => FormattableString.Invariant($"{duration.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 60 } => FormattableString.Invariant($"{duration.TotalSeconds:0.00} s"),
        _ => FormattableString.Invariant($"{(int)duration.TotalMinutes} min {duration.Seconds:00} s"),
    };

    public static string Count(long number, string noun) => $"{number} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>A stream that knows its terminal although a <see cref="SafeWriter"/> is around it.</summary>
    private sealed class Stream(TextWriter writer) : IAnsiConsoleOutput
    {
        private readonly AnsiConsoleOutput inner = new((writer as SafeWriter)?.Inner ?? writer);

        public TextWriter Writer => writer;

        public bool IsTerminal => inner.IsTerminal;

        public int Width => inner.Width;

        public int Height => inner.Height;

        public void SetEncoding(System.Text.Encoding encoding) => inner.SetEncoding(encoding);
    }

    /// <summary>All output passes through here: control characters in names and messages of others do not reach a terminal.</summary>
    private sealed class Escapes : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(text => new Escaped(text));
    }

    private sealed class Escaped(IRenderable text) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => text.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => text.Render(options, maxWidth)
            .Select(segment => segment.IsControlCode || segment.IsLineBreak
                ? segment
                : new Segment(Visible.Lines(segment.Text), segment.Style));
    }
}
