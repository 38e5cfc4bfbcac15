using System.Net;
using System.Text.RegularExpressions;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Parses a connection string: key=value pairs of Npgsql, a libpq URI or a SQLAlchemy URI. An error names the wrong part and never quotes
/// it, because any part may contain a password that was not percent-encoded.
/// </summary>
internal static partial class ConnectionText
{
    /// <exception cref="MigrationException">The text cannot be read or has no host (<see cref="MigrationError.NoConnection"/>).</exception>
    public static NpgsqlConnectionStringBuilder Parse(string text)
    {
        text = text.Trim();
        var builder = ConnectionUri.IsUri(text) ? FromUri(text) : FromPairs(text);
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

        var parts = ConnectionUri.Server().Match(server);
        return !NoHost().IsMatch(server) && !server.Contains('/', StringComparison.Ordinal)
            && (IPAddress.TryParse(server, out _)
                || (parts.Success && (!parts.Groups["port"].Success || ConnectionUri.IsPort(parts.Groups["port"].Value))));
    }

    private static NpgsqlConnectionStringBuilder FromUri(string text)
    {
        try
        {
            return ConnectionUri.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new MigrationException(MigrationError.NoConnection, exception.Message);
        }
    }

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

    [GeneratedRegex(@"[\s=@?]|://", RegexOptions.CultureInvariant)]
    private static partial Regex NoHost();

    [GeneratedRegex(@"\s\w+\s*=", RegexOptions.CultureInvariant)]
    private static partial Regex LibpqPair();
}
