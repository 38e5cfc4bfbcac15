using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Parses a connection string: key=value pairs of Npgsql, a libpq URI or a SQLAlchemy URI. An error names the wrong part and never quotes
/// it, because any part may contain a password that was not percent-encoded.
/// </summary>
internal static partial class ConnectionText
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="MigrationException">The text cannot be read or has no host (<see cref="MigrationError.NoConnection"/>).</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        text = text.Trim();
        var builder = AnyScheme().IsMatch(text) ? FromUri(text) : FromPairs(text);
        return string.IsNullOrWhiteSpace(builder.Host)
            ? throw new MigrationException(MigrationError.NoConnection, "The connection string has no Host.")
            : Array.TrueForAll(builder.Host.Split(','), IsServer) ? builder
            : throw new MigrationException(MigrationError.NoConnection,
                "Host in the connection string is not a host name. Separate pairs with ; " +
                "(Host=localhost;Database=autostack;Username=autostack); " +
                "a postgresql:// URI is the whole connection string.");
    }

    // Errors quote the host, which may hold a password when a libpq string has no semicolons or a URI is misplaced. Npgsql quotes a bad
    // port.
    private static bool IsServer(string text)
    {
        var server = text.Trim();
        if (Path.IsPathRooted(server))
        {
            return !NoHost().IsMatch(server);
        }

        var parts = Server().Match(server);
        return !NoHost().IsMatch(server) && !server.Contains('/', StringComparison.Ordinal)
            && (IPAddress.TryParse(server, out _)
                || (parts.Success && (!parts.Groups["port"].Success || IsPort(parts.Groups["port"].Value))));
    }

    /// <summary>True for a port number, 1 to 65535.</summary>
    public static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        && port > 0;

    private static NpgsqlConnectionStringBuilder FromPairs(string text)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(text);
            if (!LibpqPair().IsMatch($"{builder.Database};{builder.Username}"))
            {
                return builder;
            }
        }
        catch (ArgumentException)
        {
            // The parser's message may quote a piece of a password that holds a semicolon: the exception is not kept as the inner one
            // either.
        }

        throw new MigrationException(MigrationError.NoConnection,
            "The connection string cannot be read. Write a postgresql:// URI, or key=value pairs that Npgsql knows, for example " +
            "Host=localhost;Database=autostack;Username=autostack.");
    }

    private static NpgsqlConnectionStringBuilder FromUri(string text)
    {
        var scheme = Scheme().Match(text);
        if (!scheme.Success)
        {
            throw Wrong("scheme", "it must be postgresql or postgres, alone or with +asyncpg, +psycopg2 or +psycopg");
        }

        var fromPython = scheme.Groups["driver"].Success;
        var rest = text[scheme.Length..];
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var credentials = at < 0 ? "" : rest[..at];

        // The text after a second @, or after the @ of a path, may be a piece of the password. SQLAlchemy allows a / in a password, libpq
        // does not.
        var colon = credentials.IndexOf(':', StringComparison.Ordinal);
        var user = colon < 0 ? credentials : credentials[..colon];
        if (rest.LastIndexOf('@') != at || (fromPython ? user : credentials).Contains('/', StringComparison.Ordinal))
        {
            throw Wrong("user name or password", "write @ as %40 and / as %2F, and @ as %40 in the rest of the URI");
        }

        var (place, query) = Cut(rest[(at + 1)..], '?');
        var (servers, database) = Cut(place, '/');
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("user", Decode("user name", user));
        Add("password", colon < 0 ? "" : Decode("password", credentials[(colon + 1)..]));
        Add("dbname", Decode("database", database));
        ReadServers(servers, Add);
        ReadQuery(query, fromPython, parameters);
        return ConnectionParameters.Apply(parameters);

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                parameters[name] = value;
            }
        }
    }

    private static void ReadServers(string text, Action<string, string> add)
    {
        var hosts = new List<string>();
        var ports = new List<string>();
        foreach (var server in text.Split(','))
        {
            var match = Server().Match(server);
            if (!match.Success)
            {
                throw Wrong("host", "it must be host, host:port or [IPv6]:port; separate several with commas");
            }

            hosts.Add(Decode("host", match.Groups["host"].Value));
            ports.Add(Decode("port", match.Groups["port"].Value));
        }

        add("host", string.Join(',', hosts));
        add("port", ports.TrueForAll(port => port.Length == 0) ? "" : string.Join(',', ports));
    }

    private static void ReadQuery(string query, bool fromPython, Dictionary<string, string> parameters)
    {
        var secretBefore = false;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (rawName, rawValue) = Cut(fromPython ? pair.Replace('+', ' ') : pair, '=');
            var name = Decode("parameters", rawName);
            if (!ConnectionParameters.IsKnown(name))
            {
                // After a password, the "name" may be the rest of a password that contains an &.
                throw secretBefore || !ParameterName().IsMatch(name)
                    ? Wrong("parameters", "one of them is unknown; write & in a value as %26")
                    : Wrong("parameters", $"{name} is unknown");
            }

            if (!pair.Contains('=', StringComparison.Ordinal))
            {
                throw Wrong("parameters", $"{name} has no value");
            }

            secretBefore |= name.Contains("password", StringComparison.Ordinal);
            var value = Decode($"parameter {name}", rawValue);

            // SQLAlchemy lists several hosts by repeating the parameter; of other repeated parameters the last one counts, as in libpq.
            parameters[name] = !seen.Add(name) && fromPython && name is ("host" or "port") ? $"{parameters[name]},{value}" : value;
        }
    }

    private static (string Before, string After) Cut(string text, char mark) =>
        text.IndexOf(mark, StringComparison.Ordinal) is >= 0 and var index ? (text[..index], text[(index + 1)..]) : (text, "");

    private static string Decode(string part, string text)
    {
        const string Rule = "two hexadecimal digits of UTF-8 must follow a %; write % itself as %25";
        try
        {
            var decoded = Escapes()
                .Replace(text, run => Utf8.GetString(Convert.FromHexString(run.Value.Replace("%", "", StringComparison.Ordinal))));
            return BadEscape().IsMatch(text) || decoded.Contains('\0', StringComparison.Ordinal) ? throw Wrong(part, Rule) : decoded;
        }
        catch (DecoderFallbackException)
        {
            throw Wrong(part, Rule);
        }
    }

    /// <summary>Formats one of several servers for Npgsql; an IPv6 address gets brackets.</summary>
    public static string HostAndPort(string host, int port) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host.Trim('[', ']')}]" : host)}:{port}");

    /// <summary>Creates the error of a URI.</summary>
    public static MigrationException Wrong(string part, string why) =>
        new(MigrationError.NoConnection, $"The connection URI has a wrong {part}: {why}.");

    [GeneratedRegex("^[a-z][a-z0-9+.-]*://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnyScheme();

    [GeneratedRegex(@"^postgres(ql)?(?<driver>\+(asyncpg|psycopg2|psycopg))?://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(\[(?<host>[^\[\]]+)\]|(?<host>[^:\[\]]*))(:(?<port>[^:]*))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Server();

    [GeneratedRegex(@"[\s=@?]|://", RegexOptions.CultureInvariant)]
    private static partial Regex NoHost();

    [GeneratedRegex(@"\s\w+\s*=", RegexOptions.CultureInvariant)]
    private static partial Regex LibpqPair();

    [GeneratedRegex("^[a-z_]{2,40}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();

    [GeneratedRegex("(%[0-9a-fA-F]{2})+", RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();

    [GeneratedRegex("%(?![0-9a-fA-F]{2})", RegexOptions.CultureInvariant)]
    private static partial Regex BadEscape();
}
