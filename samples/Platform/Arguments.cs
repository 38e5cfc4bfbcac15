namespace Platform;

/// <summary>What follows <c>dotnet run --project samples/Platform --</c>.</summary>
internal sealed record Arguments
{
    public const string HelpText = """
        A small deployment platform on AutoStack.Data, with a web page on this machine.

        Usage: dotnet run --project samples/Platform [-- options]

          --connection <string>  Use this database, an Npgsql connection string; the schema is applied, and the rows stay.
                                 Without it a PostgreSQL is found or started for this run only.
          --urls <address>       The address of the page; http://127.0.0.1:5090 or, when that is taken, another port.
          --webhook-secret <s>   The secret that providers sign webhooks with; a random one without it.
          --help                 Show this text.
        """;

    public string? ConnectionString { get; init; }

    public string? Urls { get; init; }

    public string? WebhookSecret { get; init; }

    public bool Help { get; init; }

    // A message never repeats an argument: it may hold a password.
    public static Arguments Parse(ReadOnlySpan<string> args) => args switch
    {
        [] => new Arguments(),
        ["--help" or "-h", ..] => new Arguments { Help = true },
        ["--connection", var value, .. var rest] => Parse(rest) with { ConnectionString = value },
        ["--urls", var value, .. var rest] => Parse(rest) with { Urls = value },
        ["--webhook-secret", var value, .. var rest] => Parse(rest) with { WebhookSecret = value },
        _ => throw new ArgumentsException(),
    };
}

/// <summary>The arguments are not understood.</summary>
internal sealed class ArgumentsException() : Exception("The arguments are not understood; --help shows what can be given.");
