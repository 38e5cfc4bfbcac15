namespace AutoStack.Data.Cli;

/// <summary>What the console sees of the world, so that it also runs inside another process.</summary>
internal sealed record CliHost(TextWriter Output, TextWriter Error, TextReader Input, Func<string, string?> Environment)
{
    /// <summary>The working directory.</summary>
    public string Directory { get; init; } = System.IO.Directory.GetCurrentDirectory();

    /// <summary>Nobody is there to answer a question.</summary>
    public bool InputRedirected { get; init; } = true;

    /// <summary>A file or a pipe: no colour, no line width.</summary>
    public bool OutputRedirected { get; init; } = true;

    /// <inheritdoc cref="OutputRedirected"/>
    public bool ErrorRedirected { get; init; } = true;

    /// <summary>The host that is this process.</summary>
    public static CliHost Process() => new(Console.Out, Console.Error, Console.In, System.Environment.GetEnvironmentVariable)
    {
        InputRedirected = Console.IsInputRedirected,
        OutputRedirected = Console.IsOutputRedirected,
        ErrorRedirected = Console.IsErrorRedirected,
    };
}
