using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Parses a connection URI of libpq or of SQLAlchemy. An error names the wrong part and never quotes it, because any part may contain a
/// password that was not percent-encoded. The migrations compile this file as well.
/// </summary>
internal static partial class ConnectionUri
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>True when a text is a URI, of whatever scheme.</summary>
    public static bool IsUri(string text) => AnyScheme().IsMatch(text.Trim());

    /// <summary>The settings of a URI.</summary>
    /// <exception cref="FormatException">A part of the URI is wrong; the message names the part.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        text = text.Trim();
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
            throw Wrong("user name or password", "write @ as %40 and / as %2F; in the rest of the URI write @ as %40");
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
                    ? Wrong("parameter", "it is unknown; write & in a value as %26")
                    : Wrong("parameter", $"{name} is unknown");
            }

            if (!pair.Contains('=', StringComparison.Ordinal))
            {
                throw Wrong("parameter", $"{name} has no value");
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

    /// <summary>True for a port number, 1 to 65535.</summary>
    public static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        && port > 0;

    /// <summary>Formats one of several servers for Npgsql; an IPv6 address gets brackets.</summary>
    public static string HostAndPort(string host, int port) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host.Trim('[', ']')}]" : host)}:{port}");

    /// <summary>Creates the error of a URI.</summary>
    public static FormatException Wrong(string part, string why) => new($"The connection URI has a wrong {part}: {why}.");

    [GeneratedRegex("^[a-z][a-z0-9+.-]*://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex AnyScheme();

    [GeneratedRegex(@"^postgres(ql)?(?<driver>\+(asyncpg|psycopg2|psycopg))?://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^(\[(?<host>[^\[\]]+)\]|(?<host>[^:\[\]]*))(:(?<port>[^:]*))?$", RegexOptions.CultureInvariant)]
    public static partial Regex Server();

    [GeneratedRegex("^[a-z_]{2,40}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();

    [GeneratedRegex("(%[0-9a-fA-F]{2})+", RegexOptions.CultureInvariant)]
    private static partial Regex Escapes();

    [GeneratedRegex("%(?![0-9a-fA-F]{2})", RegexOptions.CultureInvariant)]
    private static partial Regex BadEscape();
}
