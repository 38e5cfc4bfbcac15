namespace Platform;

/// <summary>What follows <c>dotnet run --project samples/Platform --</c>.</summary>
internal sealed record Arguments
{
    public const string HelpText = """
        A small deployment platform on AutoStack.Data, with a web page on this machine.

        Usage: dotnet run --project samples/Platform [-- options]

          --connection <string>  Use this database, an Npgsql connection string, which no other platform may use; the schema is
                                 applied, and the rows stay. Refused when deployments wait in it, or containers are not stopped.
                                 Without it a PostgreSQL is found or started for this run only.
          --resume               With --connection: take a database that an earlier run on this machine has left. Build what
                                 waits in it, and report the sites of that run, which ended with it, as stopped.
          --retention            With --connection: remove log lines after 30 days, now and then every hour.
          --urls <address>       The address of the page; http://127.0.0.1:5090 or, when that is taken, another port. The page
                                 answers to the host in it, and to localhost, 127.0.0.1 and [::1].
          --webhook-secret <s>   The secret that providers sign webhooks with; a random one without it.
          --help                 Show this text.
        """;

    public string? ConnectionString { get; init; }

    public bool Resume { get; init; }

    public bool Retention { get; init; }

    public string? Urls { get; init; }

    public string? WebhookSecret { get; init; }

    public bool Help { get; init; }

    /// <summary>The hosts of the page's addresses, without those that stand for every host.</summary>
    public IEnumerable<string> Hosts =>
        Addresses(Urls ?? "").Select(address => address.Host).Where(host => host is not ("*" or "+" or "0.0.0.0" or "[::]"));

    // A message never repeats an argument: it may hold a password.
    public static Arguments Parse(ReadOnlySpan<string> args) => args switch
    {
        [] => new Arguments(),
        ["--help" or "-h", ..] => new Arguments { Help = true },
        ["--connection", var value, .. var rest] => Parse(rest) with
        {
            ConnectionString = Checked(value, !string.IsNullOrWhiteSpace(value), "--connection needs a connection string."),
        },
        ["--resume", .. var rest] => Parse(rest) with { Resume = true },
        ["--retention", .. var rest] => Parse(rest) with { Retention = true },
        ["--urls", var value, .. var rest] => Parse(rest) with
        {
            Urls = Checked(value, AreAddresses(value), "--urls needs an HTTP address, such as http://127.0.0.1:5090."),
        },
        ["--webhook-secret", var value, .. var rest] => Parse(rest) with
        {
            WebhookSecret = Checked(value, !string.IsNullOrWhiteSpace(value), "--webhook-secret needs a text that is not blank."),
        },
        _ => throw new ArgumentsException("The arguments are not understood; --help shows what can be given."),
    };

    private static string Checked(string value, bool isValid, string message) =>
        isValid ? value : throw new ArgumentsException(message);

    private static IEnumerable<BindingAddress> Addresses(string urls) =>
        urls.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(BindingAddress.Parse);

    // The server refuses the same later, with a stack.
    private static bool AreAddresses(string urls)
    {
        try
        {
            var addresses = Addresses(urls).ToList();
            return addresses.Count > 0 && addresses.All(address => address is { Scheme: "http", PathBase: "", Port: >= 0 and <= 65535 }
                && (address.Host != "localhost" || address.Port != 0));
        }
        catch (FormatException)
        {
            return false;
        }
    }
}

/// <summary>The arguments do not fit, for a reason that the user is told.</summary>
internal sealed class ArgumentsException(string message) : Exception(message);
