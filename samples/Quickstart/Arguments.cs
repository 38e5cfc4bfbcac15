namespace Quickstart;

/// <summary>What stands behind <c>dotnet run --project samples/Quickstart --</c>.</summary>
internal sealed record Arguments(string? ConnectionString, bool Help)
{
    public const string HelpText = """
        Registers a user and two projects, deploys both, and shows what the database knows of it afterwards.

        Usage: dotnet run --project samples/Quickstart [-- options]

          --connection <string>  Run on this database, an Npgsql connection string, instead of one that is made for
                                 the run. The schema is applied and the rows stay. Its queue must be empty, and no
                                 other worker may serve it.
          --help                 Show this text.
        """;

    // A message never repeats an argument: it may hold a password.
    public static Arguments Parse(string[] args) => args switch
    {
        [] => new(null, Help: false),
        ["--help" or "-h" or "-?"] => new(null, Help: true),
        ["--connection", var value] when !string.IsNullOrWhiteSpace(value) => new(value, Help: false),
        [var only] when only.StartsWith("--connection=", StringComparison.Ordinal) => Parse(
            ["--connection", only["--connection=".Length..]]),
        ["--connection", ..] => throw Wrong("--connection needs a connection string in quotes"),
        _ => throw Wrong("These arguments are not understood"),
    };

    private static QuickstartException Wrong(string what) => new($"{what}; --help shows what can be given.") { ExitCode = 2 };
}
