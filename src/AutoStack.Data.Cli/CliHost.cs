using System.Text;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli;

/// <summary>The streams and environment of the console, which may also run inside another process.</summary>
internal sealed record CliHost(TextWriter Output, TextWriter Error, TextReader Input, Func<string, string?> Environment)
{
    /// <summary>The working directory.</summary>
    public string Directory { get; init; } = System.IO.Directory.GetCurrentDirectory();

    /// <summary>True when nobody can answer a question.</summary>
    public bool InputRedirected { get; init; } = true;

    /// <summary>Reads a line from the terminal without showing it.</summary>
    public Func<string?> ReadSecret { get; init; } = static () => null;

    /// <summary>True for a file or a pipe, which gets neither colours nor wrapped lines.</summary>
    public bool OutputRedirected { get; init; } = true;

    /// <inheritdoc cref="OutputRedirected"/>
    public bool ErrorRedirected { get; init; } = true;

    /// <summary>The columns of the terminal; null to ask it.</summary>
    public int? Width { get; init; }

    /// <summary>The size of <c>bench pool</c>; tests use a smaller one.</summary>
    public BenchScale BenchScale { get; init; } = new();

    /// <summary>The optional features that exist; tests have their own.</summary>
    public IReadOnlyList<ScriptSet> Features { get; init; } = ScriptSet.BuiltInFeatures;

    /// <summary>The streams and environment of this process.</summary>
    public static CliHost Process() => new(Console.Out, Console.Error, Console.In, System.Environment.GetEnvironmentVariable)
    {
        InputRedirected = Console.IsInputRedirected,
        ReadSecret = ReadKeys,
        OutputRedirected = Console.IsOutputRedirected,
        ErrorRedirected = Console.IsErrorRedirected,
    };

    private static string? ReadKeys()
    {
        var text = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return text.ToString();
                case ConsoleKey.Backspace when text.Length > 0:
                    text.Length--;
                    break;
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control && text.Length == 0:
                    return null;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        text.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
