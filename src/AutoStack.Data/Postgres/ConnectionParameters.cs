using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>The libpq parameters that a connection URI may have, and their names in Npgsql.</summary>
internal static class ConnectionParameters
{
    private static readonly Dictionary<string, Action<NpgsqlConnectionStringBuilder, string>> Known = new(StringComparer.Ordinal)
    {
        ["user"] = (b, value) => b.Username = value,
        ["password"] = (b, value) => b.Password = value,
        ["passfile"] = (b, value) => b.Passfile = value,
        ["dbname"] = (b, value) => b.Database = value,
        ["application_name"] = (b, value) => b.ApplicationName = value,
        ["fallback_application_name"] = (b, value) => b.ApplicationName ??= value,
        ["options"] = (b, value) => b.Options = value,
        ["connect_timeout"] = (b, value) => b.Timeout = Number("connect_timeout", value),
        ["keepalives_idle"] = (b, value) => b.KeepAlive = Number("keepalives_idle", value),
        ["sslmode"] = (b, value) => b.SslMode = Mode("sslmode", value),
        ["sslcert"] = (b, value) => b.SslCertificate = value,
        ["sslkey"] = (b, value) => b.SslKey = value,
        ["sslpassword"] = (b, value) => b.SslPassword = value,
        ["channel_binding"] = (b, value) => b.ChannelBinding = Word<ChannelBinding>("channel_binding", value, "disable, prefer, require"),
        ["target_session_attrs"] = (b, value) => b.TargetSessionAttributes = Word(
            "target_session_attrs", value, "any, read-write, read-only, primary, standby, prefer-standby"),

        // asyncpg's name for sslmode; drivers of other languages write ssl=true.
        ["ssl"] = (b, value) => b.SslMode = value == "true" ? SslMode.Require : Mode("ssl", value),

        // Apply sets these after the others, because they depend on other parameters.
        ["host"] = (_, _) => { },
        ["port"] = (_, _) => { },
        ["sslrootcert"] = (_, _) => { },
    };

    public static bool IsKnown(string name) => Known.ContainsKey(name);

    public static NpgsqlConnectionStringBuilder Apply(IReadOnlyDictionary<string, string> parameters)
    {
        var builder = new NpgsqlConnectionStringBuilder();
        foreach (var (name, set) in Known)
        {
            if (parameters.TryGetValue(name, out var value))
            {
                try
                {
                    set(builder, value);
                }
                catch (ArgumentException)
                {
                    throw Wrong(name, "its value is not allowed");
                }
            }
        }

        if (parameters.TryGetValue("sslrootcert", out var root))
        {
            SetRootCertificate(builder, root, asked: parameters.ContainsKey("sslmode") || parameters.ContainsKey("ssl"));
        }

        if (parameters.TryGetValue("host", out var hosts))
        {
            SetServers(builder, hosts.Split(','), parameters.TryGetValue("port", out var ports) ? ports.Split(',') : [""]);
        }

        return builder;
    }

    // As in libpq: with a root certificate, require verifies the server's certificate; "system" requires verify-full.
    private static void SetRootCertificate(NpgsqlConnectionStringBuilder builder, string root, bool asked)
    {
        if (root == "system")
        {
            builder.SslMode = !asked || builder.SslMode == SslMode.VerifyFull
                ? SslMode.VerifyFull
                : throw Wrong("sslrootcert", "system needs sslmode=verify-full");
            return;
        }

        builder.SslMode = builder.SslMode == SslMode.Require ? SslMode.VerifyCA : builder.SslMode;
        builder.RootCertificate = root;
    }

    private static void SetServers(NpgsqlConnectionStringBuilder builder, string[] hosts, string[] ports)
    {
        if (ports.Length != 1 && ports.Length != hosts.Length)
        {
            throw Wrong("port", "give one port, or one per host");
        }

        var servers = hosts.Select((host, index) => Server(host, ports[ports.Length == 1 ? 0 : index])).ToList();
        if (servers is [var (only, port)])
        {
            (builder.Host, builder.Port) = (only, port);
        }
        else
        {
            builder.Host = servers.Exists(server => server.Host.Length == 0)
                ? throw ConnectionUri.Wrong("host", "one of the hosts is empty")
                : string.Join(',', servers.Select(server => ConnectionUri.HostAndPort(server.Host, server.Port)));
        }
    }

    private static (string Host, int Port) Server(string host, string port)
    {
        // SQLAlchemy also accepts the port in the parameter host.
        if (port.Length == 0 && host.Count(c => c == ':') == 1)
        {
            (host, port) = (host[..host.IndexOf(':', StringComparison.Ordinal)], host[(host.IndexOf(':', StringComparison.Ordinal) + 1)..]);
        }

        if (port.Length == 0)
        {
            return (host, NpgsqlConnection.DefaultPort);
        }

        return ConnectionUri.IsPort(port)
            ? (host, int.Parse(port, CultureInfo.InvariantCulture))
            : throw ConnectionUri.Wrong("port", "it must be a number from 1 to 65535");
    }

    private static SslMode Mode(string name, string value)
    {
        var word = Word(name, value, "disable, allow, prefer, require, verify-ca, verify-full");
        return Enum.Parse<SslMode>(word.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
    }

    private static T Word<T>(string name, string value, string words)
        where T : struct, Enum => Enum.Parse<T>(Word(name, value, words), ignoreCase: true);

    private static string Word(string name, string value, string words) =>
        words.Split(", ").Contains(value, StringComparer.Ordinal) ? value : throw Wrong(name, $"it must be one of {words}");

    private static int Number(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Wrong(name, "it must be a number of seconds");

    private static FormatException Wrong(string parameter, string why) => ConnectionUri.Wrong($"parameter {parameter}", why);
}
